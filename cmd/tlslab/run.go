package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/scenarios"
)

// order is what the user asked of a run.
type order struct {
	output, resume, keyLog string
	agent                  string
	seed                   uint64
	seeded                 bool // the seed was asked for
	inconclusive           string
	without                []string
	hasty                  bool // time nothing when an exact gate has failed
}

func runCommand(s streams) *cobra.Command {
	var o order
	c := &cobra.Command{
		Use:   "run FILE|NAME...",
		Short: "measure; print the verdict; write the bundle and its report",
		RunE: func(c *cobra.Command, names []string) error {
			o.seeded = c.Flags().Changed("seed")
			if err := o.check(names); err != nil {
				return err
			}
			return s.runAll(c.Context(), names, o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "directory of the bundle (default: out/NAME-TIME)")
	f.StringVar(&o.resume, "continue", "", "finish the interrupted run in this directory; name its scenario file too if that has relative paths")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the order of blocks and of arrivals (default: by chance, recorded)")
	f.StringVar(&o.keyLog, "keylog", "", "append the generator's TLS secrets to this file (SSLKEYLOGFILE); it must lie outside the bundle")
	f.StringVar(&o.agent, "agent", "", agentUsage)
	f.StringSliceVar(&o.without, "without", nil, "instruments to leave out even where they would work: ebpf")
	f.StringVar(&o.inconclusive, "inconclusive", "fail", "what an undecided gate means: fail (exit 4) or pass")
	return c
}

func (o order) check(names []string) error {
	switch {
	case len(names) == 0 && o.resume == "":
		return usage(errors.New("tlslab run wants a scenario: a file, or a name from tlslab list"), "tlslab run quickstart")
	case o.resume != "" && (len(names) > 1 || o.output != "" || o.seeded):
		return usage(errors.New("--continue takes the scenario's file at most: output and seed are those of the interrupted run"), "tlslab run --continue "+o.resume)
	case o.checkWithout() != nil:
		return o.checkWithout()
	case checkAgent(o.agent) != nil:
		return checkAgent(o.agent)
	case o.seed > maxSeed:
		return usage(fmt.Errorf("--seed is at most %d, which every JSON reader keeps exact", uint64(maxSeed)), "")
	case len(names) > 1 && o.output != "":
		return usage(errors.New("--output names one bundle, and there are several scenarios"), "run them one by one, or without --output")
	case o.inconclusive != "fail" && o.inconclusive != "pass":
		return usage(fmt.Errorf("--inconclusive is fail or pass, not %q", o.inconclusive), "")
	}
	return nil
}

func (o order) checkWithout() error {
	for _, name := range o.without {
		if name != "ebpf" {
			return usage(fmt.Errorf("--without knows ebpf, not %q", name), "--without ebpf")
		}
	}
	return nil
}

// runAll reads every scenario before it runs the first.
func (s streams) runAll(ctx context.Context, names []string, o order) error {
	if o.resume != "" {
		return s.settle(s.resume(ctx, names, o))
	}
	var plans []*scenarios.Plan
	for _, name := range names {
		scenario, err := load(name)
		if err != nil {
			return err
		}
		plan, err := planOf(scenario, o.seed, o.seeded)
		if err != nil {
			return err
		}
		plans = append(plans, plan)
	}
	code := exitDone
	for _, plan := range plans {
		one, err := s.measure(ctx, plan, o)
		if err != nil {
			return err
		}
		code = worst(code, one)
	}
	return s.settle(code, nil)
}

func (s streams) settle(code int, err error) error {
	if err != nil || code == exitDone {
		return err
	}
	return verdict(code)
}

// measure carries out one plan in a new directory.
func (s streams) measure(ctx context.Context, plan *scenarios.Plan, o order) (int, error) {
	dir := o.output
	if dir == "" {
		dir = newDirectory(plan.Scenario.Name)
	}
	b, err := s.measureNew(ctx, plan, o, dir)
	if err != nil {
		return 0, err
	}
	return s.conclude(b, dir, o)
}

// measureNew carries out a plan in a directory that is empty or not there yet.
func (s streams) measureNew(ctx context.Context, plan *scenarios.Plan, o order, dir string) (*results.Bundle, error) {
	b, err := s.carryOut(ctx, plan, o, dir, func(run *lab.Run) (*results.Writer, []results.Block, error) {
		w, err := results.Create(dir, run.Manifest)
		return w, nil, err
	})
	if err != nil {
		os.Remove(dir) // goes only where it is empty
	}
	return b, err
}

// resume finishes an interrupted run: the same plan, less the groups that are whole.
func (s streams) resume(ctx context.Context, names []string, o order) (int, error) {
	w, draft, blocks, err := results.Resume(o.resume)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	scenario, err := again(draft, names)
	if err != nil {
		return 0, err
	}
	plan, err := planOf(scenario, draft.Seed, true)
	if err != nil {
		return 0, err
	}
	b, err := s.carryOut(ctx, plan, o, o.resume, func(run *lab.Run) (*results.Writer, []results.Block, error) {
		if err := run.Same(draft); err != nil {
			return nil, nil, err
		}
		whole, err := run.Whole(w, blocks)
		return w, whole, err
	})
	if err != nil {
		return 0, err
	}
	return s.conclude(b, o.resume, o)
}

// again reads an interrupted run's scenario, from its own file where that is named.
func again(draft results.Manifest, names []string) (*scenarios.Scenario, error) {
	if len(names) == 0 {
		return scenarios.Parse(draft.Scenario.Name+".yaml", []byte(draft.Scenario.Text))
	}
	scenario, err := load(names[0])
	if err == nil && scenario.Text != draft.Scenario.Text {
		return nil, usage(fmt.Errorf("%s is not the scenario that was interrupted", names[0]), "")
	}
	return scenario, err
}

// unfinished is an error of a run whose blocks so far are kept.
func unfinished(ctx context.Context, err error, dir string, o order) error {
	f := *classify(ctx, err)
	if ctx.Err() != nil {
		f = failure{errors.New("interrupted: there is no bundle yet"), "", exitInterrupted}
	}
	if o.hasty {
		f.hint = "run it again: a comparison of two builds is not continued"
	} else if f.hint == "" {
		f.hint = "finish it with tlslab run --continue " + dir
	}
	return &f
}

// carryOut builds, measures and keeps.
func (s streams) carryOut(ctx context.Context, plan *scenarios.Plan, o order, dir string, bundle func(*lab.Run) (*results.Writer, []results.Block, error)) (*results.Bundle, error) {
	if err := o.ready(dir); err != nil {
		return nil, err
	}
	for _, w := range plan.Warnings {
		s.tell("warning: " + w)
	}
	l, err := newLab(o)
	if err != nil {
		return nil, err
	}
	unlock, err := lab.Lock(ctx, func() { s.tell("another run is measuring on this machine: waiting for it to end") })
	if err != nil {
		return nil, err
	}
	defer unlock()
	live := newProgress(s.err)
	defer live.end()
	l.Speak, l.Block = live.say, live.block
	run, err := l.Draft(ctx, plan)
	if err != nil {
		return nil, err
	}
	w, done, err := bundle(run)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	blocks, err := run.Measure(ctx, w, done)
	live.end()
	if err != nil {
		return nil, unfinished(ctx, err, dir, o)
	}
	return finish(run, w, blocks)
}

// finish writes what is derived, then the manifest: only now there is a bundle.
func finish(run *lab.Run, w *results.Writer, blocks []results.Block) (*results.Bundle, error) {
	if err := run.Keep(w, blocks); err != nil {
		return nil, err
	}
	return w.Finish(run.Manifest)
}

// conclude judges the bundle, writes its report and prints the verdict, the bundle's path and the report's last.
func (s streams) conclude(b *results.Bundle, dir string, o order) (int, error) {
	a, err := analysis.Of(b)
	if err != nil {
		return 0, err
	}
	d := reports.New(a, reports.Standard()...)
	if err := writeText(d, s.out); err != nil {
		return 0, err
	}
	fmt.Fprintf(s.out, "\nverdict: %s\nbundle:  %s\n", a.Summary.Sentence, dir)
	page := filepath.Join(dir, "report.html")
	if err := writeFile(page, d.WriteHTML); err != nil {
		return 0, err
	}
	fmt.Fprintf(s.out, "report:  %s\n", page)
	if a.Summary.Exit == exitInconclusive && o.inconclusive == "pass" {
		return exitDone, nil
	}
	return a.Summary.Exit, nil
}
