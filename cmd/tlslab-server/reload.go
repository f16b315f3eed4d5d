package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/server/standalone"
)

// Exit codes are those of tlslab.
const (
	failed  = 1
	usage   = 2
	gaveUp  = 70
	command = "reload"
	child   = "reload-child" // what a supervisor starts; of no use on its own
)

// arguments of the command reload.
type arguments struct {
	settings  standalone.Settings
	supervise bool
	hook      string
}

// run carries out a command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	switch args[0] {
	case child:
		return verdict(standalone.Inherited(ctx, stdout, stderr), stderr)
	case command:
		a, err := parse(args[1:], stderr)
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		if err != nil {
			return usage
		}
		return verdict(a.serve(ctx, stdout, stderr), stderr)
	}
	fmt.Fprintf(stderr, "tlslab-server: unknown command %q\n", args[0])
	return usage
}

func (a arguments) serve(ctx context.Context, stdout, stderr io.Writer) error {
	if !a.supervise {
		return standalone.Serve(ctx, a.settings, stdout, stderr)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s := standalone.Supervisor{Settings: a.settings, Child: []string{self, child}, Hook: a.hook}
	return s.Run(ctx, stdout, stderr)
}

func verdict(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "tlslab-server:", err)
	if errors.Is(err, standalone.ErrGivenUp) {
		return gaveUp
	}
	return failed
}

// parse reads the flags. The error has been told to stderr.
func parse(args []string, stderr io.Writer) (a arguments, err error) {
	flags := flag.NewFlagSet("tlslab-server "+command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	a.reload(flags)
	s := &a.settings
	flags.StringVar(&s.Listen, "listen", "127.0.0.1:0", "`host:port` of the HTTP plane")
	flags.StringVar(&s.Node, "node", "", "`host:port` of the node plane, which asks for client certificates")
	flags.StringVar(&s.Admin, "admin", "", "`path` of the admin socket")
	flags.StringVar(&s.Peer, "peer", "", "`host:port` of a node plane to dial again and again")
	flags.DurationVar(&s.PeerEvery, "peer-every", time.Second, "between two dials")
	flags.BoolVar(&s.Tickets, "tickets", true, "let sessions be resumed")
	flags.BoolVar(&a.supervise, "supervise", false, "serve in a child, which is replaced when it crashes")
	flags.StringVar(&a.hook, "exit-hook", "", "shell `command` that is told of the end of a child")
	if err := flags.Parse(args); err != nil {
		return a, err
	}
	if err := a.check(flags.Args()); err != nil {
		fmt.Fprintln(stderr, "tlslab-server:", err)
		return a, err
	}
	return a, nil
}

// reload adds the flags of the strategy.
func (a *arguments) reload(flags *flag.FlagSet) {
	r := &a.settings.Reload
	flags.StringVar(&r.Strategy, "strategy", reload.Reference, "one of "+strings.Join(reload.Names(), ", "))
	flags.StringVar(&r.Files.Certificate, "cert", "", "`file` of the certificate chain, PEM")
	flags.StringVar(&r.Files.Key, "key", "", "`file` of its key, PEM")
	flags.StringVar(&r.Files.Authorities, "authorities", "", "`file` of who is trusted, PEM")
	flags.StringVar(&r.State, "state", "", "`directory` of committed generations")
	flags.DurationVar(&r.Interval, "interval", 0, "between two looks at the files; zero: the strategy's own")
	flags.DurationVar(&r.Debounce, "debounce", 0, "from the last event to the reload; zero: the strategy's own")
	flags.DurationVar(&r.SlowStat, "slow-stat", 0, "that every look at a file takes longer")
}

// check finds what no server could be started with.
func (a arguments) check(rest []string) error {
	s := a.settings
	mutual := s.Node != "" || s.Peer != ""
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case s.Reload.Files.Certificate == "" || s.Reload.Files.Key == "":
		return errors.New("a server needs --cert and --key")
	case !slices.Contains(reload.Names(), s.Reload.Strategy):
		return fmt.Errorf("unknown strategy %q", s.Reload.Strategy)
	case mutual && s.Reload.Files.Authorities == "":
		return errors.New("--node and --peer need --authorities")
	case min(s.PeerEvery, s.Reload.Interval, s.Reload.Debounce, s.Reload.SlowStat) < 0:
		return errors.New("a duration is negative")
	case a.hook != "" && !a.supervise:
		return errors.New("--exit-hook needs --supervise")
	}
	return nil
}
