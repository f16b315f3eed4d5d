package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results"
)

// trials is what the user wants to try.
type trials struct {
	names []string
	list  bool
	agent string
	seed  uint64
	json  string
}

func experimentCommand(s streams) *cobra.Command {
	var t trials
	c := &cobra.Command{
		Use:   "experiment NAME...",
		Short: "put one question to real servers: is a withdrawn identity refused, do h2 and h3 rotate together, ...",
		Long: `experiment carries out experiments by themselves and prints what each of their arms came to. Nothing is judged: a
scenario with claims does that (tlslab run spiffe, gateway, claims).`,
		Example: `  tlslab experiment --list
  tlslab experiment resumption federation
  tlslab experiment push --agent unix:///run/spire/sockets/agent.sock`,
		RunE: func(c *cobra.Command, names []string) error {
			t.names = names
			if t.list {
				return s.listExperiments()
			}
			if err := t.check(); err != nil {
				return err
			}
			return s.try(c.Context(), t)
		},
	}
	f := c.Flags()
	f.BoolVar(&t.list, "list", false, "list the experiments and end")
	f.StringVar(&t.agent, "agent", "", agentUsage)
	f.Uint64Var(&t.seed, "seed", 1, "of what happens by chance")
	f.StringVar(&t.json, "json", "", "file to write the results to")
	return c
}

const agentUsage = "Workload API of an external agent, as unix:///path, for the experiments that can use one (default: the lab's own)"

func (t trials) check() error {
	if len(t.names) == 0 {
		return usage(errors.New("tlslab experiment wants names"), "tlslab experiment --list")
	}
	for _, name := range t.names {
		if _, err := experimentNamed(name); err != nil {
			return err
		}
	}
	if err := checkAgent(t.agent); err != nil || t.json == "" {
		return err
	}
	if err := writable(filepath.Dir(t.json)); err != nil {
		return usage(fmt.Errorf("%s cannot be written: %w", t.json, err), "")
	}
	return nil
}

func checkAgent(address string) error {
	if address != "" && !strings.HasPrefix(address, "unix:///") {
		return usage(fmt.Errorf("--agent is the path of a socket, not %q", address), "--agent unix:///run/spire/sockets/agent.sock")
	}
	return nil
}

func experimentNamed(name string) (experiment.Experiment, error) {
	all := lab.Experiments()
	at := slices.IndexFunc(all, func(e experiment.Experiment) bool { return e.Name == name })
	if at < 0 {
		return experiment.Experiment{}, usage(fmt.Errorf("unknown experiment %q", name), "tlslab experiment --list")
	}
	return all[at], nil
}

func (s streams) listExperiments() error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, e := range lab.Experiments() {
		fmt.Fprintf(w, "%s\t%v\t%s\n", e.Name, e.Takes, e.Title)
	}
	return w.Flush()
}

func (s streams) try(ctx context.Context, t trials) error {
	l, err := newLab(order{})
	if err != nil {
		return err
	}
	unlock, err := lab.Lock(ctx, func() { s.tell("another run is measuring on this machine: waiting for it to end") })
	if err != nil {
		return err
	}
	defer unlock()
	live := newProgress(s.err)
	defer live.end()
	l.Speak, l.Agent = live.say, t.agent
	var kept results.Experiments
	for _, name := range t.names {
		e, err := experimentNamed(name)
		if err != nil {
			return err
		}
		l.Speak(fmt.Sprintf("%s: %s (about %v)", e.Name, e.Title, e.Takes))
		r, err := l.Make(ctx, e, t.seed)
		if err != nil {
			return err
		}
		kept.Results = append(kept.Results, r)
		if err := writeExperiment(s.out, r); err != nil {
			return err
		}
	}
	return s.keepExperiments(t, kept)
}

// keepExperiments writes the results where the user wants them. An experiment that broke is an invalid measurement.
func (s streams) keepExperiments(t trials, kept results.Experiments) error {
	if t.json != "" {
		err := writeFile(t.json, func(w io.Writer) error {
			out := json.NewEncoder(w)
			out.SetIndent("", "  ")
			return out.Encode(kept)
		})
		if err != nil {
			return err
		}
	}
	if slices.ContainsFunc(kept.Results, func(r experiment.Result) bool { return r.Skipped != "" }) {
		return verdict(exitInvalid)
	}
	return nil
}

func writeExperiment(out io.Writer, r experiment.Result) error {
	fmt.Fprintf(out, "%s: %s (%v)\n\n", r.Name, r.Title, r.Took.Round(time.Millisecond))
	if r.Skipped != "" {
		fmt.Fprintf(out, "skipped: %s\n\n", r.Skipped)
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, a := range r.Arms {
		fmt.Fprintf(w, "%s\t%s\t%s\n", a.Name, a.Role, a.Skipped)
		for _, m := range a.Measures {
			fmt.Fprintf(w, "  %s\t%s\n", m.Name, measured(m))
		}
		for _, n := range a.Notes {
			fmt.Fprintf(w, "  %s\n", n)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out)
	return err
}

// measured writes a measure with its interval and what it rests on.
func measured(m experiment.Measure) string {
	per, seconds := strings.CutPrefix(m.Unit+"/", "s/")
	amount, unit := func(v float64) string { return fmt.Sprintf("%.6g", v) }, " "+m.Unit
	if seconds {
		amount, unit = threeDigits, ""
	}
	if per = strings.TrimSuffix(per, "/"); seconds && per != "" {
		unit = " per " + per
	}
	text := amount(m.Value)
	if m.Low != nil {
		text += fmt.Sprintf(" [%s, %s]", amount(*m.Low), amount(*m.High))
	}
	if m.Of > 1 {
		text += fmt.Sprintf(" of %d", m.Of)
	}
	return text + unit
}

// threeDigits writes seconds with three significant digits.
func threeDigits(seconds float64) string {
	d, digit := time.Duration(seconds*1e9), time.Duration(1)
	for d/digit >= 1000 {
		digit *= 10
	}
	return d.Round(digit).String()
}
