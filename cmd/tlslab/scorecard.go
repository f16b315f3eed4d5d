package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
)

// examination is what the user wants a reloader to be put through.
type examination struct {
	exec, config, reload, name string // of the user's own server
	strategies                 []string
	injections                 []string
	list, crash, memory        bool
	atOnce, rotations          int
	seed                       uint64
	json                       string
}

func scorecardCommand(s streams) *cobra.Command {
	var e examination
	c := &cobra.Command{
		Use:   "scorecard --exec COMMAND",
		Short: "a certificate reloader against the catalogue of injections",
		Long: `scorecard starts a server with paths to certificates, changes the files under it in all the ways that go wrong, and
tells what its handshakes showed. Each injection has a fresh process. The server stays in the foreground, listens on
{address} (or {host} and {port}) and serves {cert} and {key} by TLS 1.3 to clients without certificates; it may read
the authorities {ca}, a configuration {config}, and write to {dir}. Nothing it says is believed but its handshakes.`,
		Example: `  tlslab scorecard --exec './my-server --listen {address} --cert {cert} --key {key}'
  tlslab scorecard --exec "nginx -p {dir} -c {config} -g 'daemon off;'" --config nginx.conf --reload 'kill -HUP {pid}'
  tlslab scorecard --strategy reference --strategy poll-shipped --injection older-mtime`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if e.list {
				return s.listInjections()
			}
			if err := e.check(); err != nil {
				return err
			}
			return s.examine(c.Context(), e)
		},
	}
	f := c.Flags()
	f.StringVar(&e.exec, "exec", "", "the server's command: words and quotes as in a shell, but no shell")
	f.StringVar(&e.config, "config", "", "file of which {config} is a copy, with its placeholders filled in")
	f.StringVar(&e.reload, "reload", "", "command that tells the server to reload, after every move; {pid} is the server's")
	f.StringVar(&e.name, "name", "", "what to call the server (default: its program)")
	f.StringArrayVar(&e.strategies, "strategy", nil, "one of the lab's own: "+strings.Join(reload.Names(), ", ")+"; may be repeated")
	f.StringSliceVar(&e.injections, "injection", nil, "names in the catalogue (default: all)")
	f.BoolVar(&e.list, "list", false, "list the catalogue and end")
	f.IntVar(&e.atOnce, "at-once", 4, "injections side by side")
	f.IntVar(&e.rotations, "rotations", 0, "then rotate so often in a row, and look for leaks")
	f.BoolVar(&e.crash, "crash", false, "then crash the server at every point of a rotation, and in a loop")
	f.BoolVar(&e.memory, "memory", false, "after the rotations, look for retired keys in the server's memory")
	f.Uint64Var(&e.seed, "seed", 1, "of what happens by chance")
	f.StringVar(&e.json, "json", "", "file to write the cards to")
	return c
}

// mostAtOnce: every trial makes fifty handshakes per second and more.
const mostAtOnce = 64

func (e examination) check() error {
	switch {
	case e.exec == "" && len(e.strategies) == 0:
		return usage(errors.New("tlslab scorecard wants --exec, the command of a server"), "tlslab scorecard --exec './my-server --listen {address} --cert {cert} --key {key}'")
	case e.exec == "" && (e.config != "" || e.reload != "" || e.name != ""):
		return usage(errors.New("--config, --reload and --name are about the server of --exec"), "")
	case e.atOnce < 1 || e.atOnce > mostAtOnce:
		return usage(fmt.Errorf("--at-once is 1 to %d, not %d", mostAtOnce, e.atOnce), "")
	case e.rotations < 0 || e.memory && e.rotations == 0:
		return usage(errors.New("--memory looks for the keys of --rotations"), "--rotations 1000 --memory")
	}
	for _, name := range e.strategies {
		if !slices.Contains(reload.Names(), name) {
			return usage(fmt.Errorf("unknown strategy %q", name), "there are "+strings.Join(reload.Names(), ", "))
		}
	}
	if _, err := scorecard.Injections(e.injections); err != nil || e.json == "" {
		return err
	}
	if err := writable(filepath.Dir(e.json)); err != nil {
		return usage(fmt.Errorf("%s cannot be written: %w", e.json, err), "")
	}
	return nil
}

func (s streams) listInjections() error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, i := range rotation.Catalogue() {
		fmt.Fprintf(w, "%s\t%s\n", i.Name, i.About)
	}
	return w.Flush()
}

func (s streams) examine(ctx context.Context, e examination) error {
	targets, err := e.targets(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tlslab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	live := newProgress(s.err)
	defer live.end()
	cards, err := scorecard.Run(ctx, targets, scorecard.Options{
		Injections: e.injections, Rotations: e.rotations, Crash: e.crash, Memory: e.memory,
		AtOnce: e.atOnce, Dir: dir, Seed: e.seed, Progress: live.job,
	})
	live.end()
	if err != nil {
		return err
	}
	if e.json != "" {
		if err := writeFile(e.json, func(w io.Writer) error { return writeCards(w, cards) }); err != nil {
			return err
		}
	}
	return s.settle(s.tellCards(cards))
}

func writeCards(w io.Writer, cards []scorecard.Card) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(results.Scorecard{Cards: cards})
}

// targets are the user's server and the lab's own, which are built first.
func (e examination) targets(ctx context.Context) (all []scorecard.Target, err error) {
	if e.exec != "" {
		t, err := e.own()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	if len(e.strategies) == 0 {
		return all, nil
	}
	builder, err := variant.NewBuilder()
	if err != nil {
		return nil, err
	}
	bin, err := builder.Build(ctx, variant.Build{}, "plain")
	if err != nil {
		return nil, err
	}
	for _, name := range e.strategies {
		all = append(all, scorecard.Standalone(bin.Path, name, reload.Settings{Strategy: name}))
	}
	return all, nil
}

// own is the user's server. It runs in another directory, so a path to its program is made absolute.
func (e examination) own() (t scorecard.Target, err error) {
	if t.Command, err = words(e.exec); err == nil && len(t.Command) == 0 {
		err = errors.New("there is no command")
	}
	if err != nil {
		return t, usage(fmt.Errorf("--exec: %w", err), "")
	}
	if t.Reload, err = words(e.reload); err != nil {
		return t, usage(fmt.Errorf("--reload: %w", err), "")
	}
	for _, command := range [][]string{t.Command, t.Reload} {
		if len(command) > 0 && strings.ContainsRune(command[0], filepath.Separator) {
			if command[0], err = filepath.Abs(command[0]); err != nil {
				return t, err
			}
		}
	}
	if t.Name = e.name; t.Name == "" {
		t.Name = filepath.Base(t.Command[0])
	}
	if e.config == "" {
		return t, nil
	}
	text, err := os.ReadFile(e.config)
	t.Config = string(text)
	return t, err
}
