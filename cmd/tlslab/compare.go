package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

func compareCommand(s streams) *cobra.Command {
	var t terms
	c := &cobra.Command{
		Use:   "compare BUNDLE [CANDIDATE]",
		Short: "judge the variants of one bundle; of two bundles only what was counted",
		Long: `compare judges the variants of one bundle by its own gates. Of two bundles it judges only what was counted: what was
timed in two runs was not interleaved, so it is shown and never gated. Exit 6 where nothing that was counted can be
compared: another toolchain, other CPU features, or no counts at all.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return usage(fmt.Errorf("%s wants one bundle or two", c.CommandPath()), c.CommandPath()+" --help")
		},
		RunE: func(_ *cobra.Command, args []string) error {
			baseline, err := open(args[0])
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return s.judge(baseline, t)
			}
			candidate, err := open(args[1])
			if err != nil {
				return err
			}
			return s.compareBundles(baseline, candidate)
		},
	}
	t.flags(c)
	return c
}

// series is one variant in one cell of either bundle.
type series struct{ cell, variant string }

func (s streams) compareBundles(baseline, candidate *results.Bundle) error {
	code, err := s.compareCounts(baseline, candidate)
	if err != nil {
		return err
	}
	if err := s.showTimed(baseline, candidate); err != nil {
		return err
	}
	return s.settle(code, nil)
}

// compareCounts judges what was counted in both bundles.
func (s streams) compareCounts(baseline, candidate *results.Bundle) (code int, err error) {
	was, err := baseline.Exact()
	if err != nil {
		return 0, err
	}
	is, err := candidate.Exact()
	if err != nil {
		return 0, err
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "cell\tvariant\tcounted\tbaseline\tcandidate\tratio\tverdict")
	compared := 0
	for _, now := range is {
		at := slices.IndexFunc(was, func(c exact.Counts) bool { return c.Cell == now.Cell && c.Variant == now.Variant })
		if at < 0 {
			continue
		}
		for _, c := range exact.Compare(was[at], now, margins()) {
			if c.Verdict == exact.Incomparable {
				fmt.Fprintf(table, "%s\t%s\t%s\t%.6g\t%.6g\t\tincomparable: %s\n", now.Cell, now.Variant, c.Metric, c.Baseline, c.Candidate, c.Why)
				continue
			}
			compared++
			if c.Verdict == exact.Worse {
				code = exitWorse
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%.6g\t%.6g\t%.4fx\t%s\n", now.Cell, now.Variant, c.Metric, c.Baseline, c.Candidate, c.Ratio, c.Verdict)
		}
	}
	if compared == 0 {
		s.tell("nothing that was counted can be compared: the bundles need instruments: {exact: auto} and the same toolchain, build and CPU features")
		code = exitIncomparable
	}
	return code, table.Flush()
}

func margins() (all []exact.Margin) {
	for _, m := range metric.Counted() {
		all = append(all, exact.Margin{Metric: m.Name, Ratio: m.Margin})
	}
	return all
}

// showTimed shows what was timed in both bundles, without a verdict.
func (s streams) showTimed(baseline, candidate *results.Bundle) error {
	was, err := analysis.Of(baseline)
	if err != nil {
		return err
	}
	is, err := analysis.Of(candidate)
	if err != nil {
		return err
	}
	before := map[series]map[string]float64{}
	for _, x := range was.Series {
		before[series{x.Cell, x.Variant}] = x.Values
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\ncell\tvariant\ttimed, not interleaved\tbaseline\tcandidate\tno verdict")
	for _, x := range is.Series {
		for _, m := range metric.All() {
			old, had := before[series{x.Cell, x.Variant}][m.Name]
			now, has := x.Values[m.Name]
			if had && has {
				fmt.Fprintf(table, "%s\t%s\t%s\t%.4g\t%.4g %s\t\n", x.Cell, x.Variant, m.Name, old, now, m.Unit)
			}
		}
	}
	return table.Flush()
}
