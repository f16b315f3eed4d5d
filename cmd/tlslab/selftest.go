package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/results/analysis/attribution"
	"github.com/tlslab/tlslab/scenarios"
)

func selftestCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "selftest aa|power|observer",
		Short: "does the lab find on this machine what it hid itself, and nothing else",
		Args:  noArguments,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(selftestAACommand(s), selftestPowerCommand(s), selftestObserverCommand(s))
	return c
}

func selftestObserverCommand(s streams) *cobra.Command {
	var o order
	c := &cobra.Command{
		Use:   "observer",
		Short: "plant known delays and troubles into handshakes, and see whether the observer names them",
		Long: `observer plants a known delay or burn of each class of time into every second handshake and tells how much of it the
observer found in that class, and how much elsewhere. Then it makes the troubles of real servers (another process on
the CPU, a slow file, a lock, a storm of garbage collections) and tells what the observer said was wrong. Exit 3 where
a plant was not recovered to 90 to 110 % with at most 5 % elsewhere at the median, or a trouble was not named.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.checkWithout(); err != nil {
				return err
			}
			return s.selftestObserver(c.Context(), o)
		},
	}
	c.Flags().StringSliceVar(&o.without, "without", nil, "instruments to leave out even where they would work: ebpf")
	return c
}

func (s streams) selftestObserver(ctx context.Context, o order) error {
	run, done, err := s.explainRun(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	recoveries, gaps, err := run.Recoveries(ctx)
	if err != nil {
		return err
	}
	troubles, err := run.Truths(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "observer: tier %s\n\n", run.Manifest.Observer.Tier)
	if err := errors.Join(writeRecoveries(s.out, recoveries), writeTruths(s.out, troubles)); err != nil {
		return err
	}
	for _, g := range gaps {
		fmt.Fprintf(s.out, "gap: %s: %s\n", g.What, g.Reason)
	}
	if !sound(recoveries, troubles) {
		return verdict(exitInvalid)
	}
	return nil
}

// explainRun prepares the baseline of the scenario explain alone.
func (s streams) explainRun(ctx context.Context, o order) (*lab.Run, func(), error) {
	scenario, err := load("explain")
	if err != nil {
		return nil, nil, err
	}
	plan, err := planOf(scenario, 1, true)
	if err != nil {
		return nil, nil, err
	}
	plan.Variants = plan.Variants[:1]
	return s.drafted(ctx, plan, o)
}

// drafted prepares a plan of which no block is to be measured. The machine is this command's until done is called.
func (s streams) drafted(ctx context.Context, plan *scenarios.Plan, o order) (run *lab.Run, done func(), err error) {
	l, err := newLab(o)
	if err != nil {
		return nil, nil, err
	}
	unlock, err := lab.Lock(ctx, func() { s.tell("another run is measuring on this machine: waiting for it to end") })
	if err != nil {
		return nil, nil, err
	}
	l.Speak, l.Block = func(line string) { s.tell(line) }, func(lab.Progress) {}
	if run, err = l.Draft(ctx, plan); err != nil {
		unlock()
		return nil, nil, err
	}
	return run, unlock, nil
}

func writeRecoveries(out io.Writer, all []attribution.Recovery) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "planted as\tfound as\tplanted\tmatched\tp50\tp99\telsewhere p50\telsewhere p99")
	for _, r := range all {
		fmt.Fprintf(table, "%v\t%v\t%d\t%d\t%.1f %%\t%.1f %%\t%.1f %% %v\t%.1f %% %v\n", r.Component, r.Sought, r.Planted, r.Matched,
			100*r.P50, 100*r.P99, 100*r.Leak50, r.Leaks50, 100*r.Leak99, r.Leaks99)
	}
	return table.Flush()
}

func writeTruths(out io.Writer, all []lab.Truth) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\ntrouble\tnamed\tslow handshakes have more of\tgoes with slow windows")
	for _, t := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", t.Name, map[bool]string{true: "yes", false: "NO"}[t.Named], t.Tail, t.Goes)
	}
	return table.Flush()
}

// sound says whether what was hidden was found. The tail of a few hundred handshakes on a machine that others share
// is shown, not judged.
func sound(recoveries []attribution.Recovery, troubles []lab.Truth) bool {
	for _, r := range recoveries {
		if r.P50 < 0.9 || r.P50 > 1.1 || r.Leak50 > 0.05 || r.Leak50 < -0.05 {
			return false
		}
	}
	for _, t := range troubles {
		if !t.Named {
			return false
		}
	}
	return len(recoveries) > 0
}
