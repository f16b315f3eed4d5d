package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// mostMoved is how many packages are named; the rest are small beside them.
const mostMoved = 8

// writeComparison writes every metric of one cell, then the packages that moved a metric.
func writeComparison(out io.Writer, was, now exact.Counts, margins []exact.Margin) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  metric\tbaseline\tnow\tratio\tmargin\tverdict")
	all := exact.Compare(was, now, margins)
	for _, c := range all {
		ratio, verdict := fmt.Sprintf("%.4f", c.Ratio), string(c.Verdict)
		if c.Verdict == exact.Incomparable {
			ratio, verdict = "", c.Why
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%.3g %%\t%s\n", c.Metric, number(c.Baseline), number(c.Candidate), ratio, 100*c.Margin, verdict)
	}
	errs := []error{table.Flush()}
	for _, c := range all {
		if c.Verdict == exact.Worse || c.Verdict == exact.Better {
			errs = append(errs, writeMoved(out, c.Metric, exact.Moved(c.Metric, was, now)))
		}
	}
	return errors.Join(errs...)
}

// writeMoved writes the packages that moved a metric, the farthest first.
func writeMoved(out io.Writer, metric string, packages []exact.Difference) error {
	if len(packages) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  moved in %s\tbaseline\tnow\tinstructions\n", metric)
	for _, p := range packages[:min(len(packages), mostMoved)] {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%+.0f\n", cmp.Or(p.Name, "code without a package"), number(p.Baseline), number(p.Candidate), p.Candidate-p.Baseline)
	}
	if more := len(packages) - mostMoved; more > 0 {
		fmt.Fprintf(table, "  and %d more\n", more)
	}
	return table.Flush()
}

// writeCounts writes every metric that was counted in one cell.
func writeCounts(out io.Writer, c exact.Counts) error {
	table, values := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), c.Values()
	for _, m := range metric.Counted() {
		if v, ok := values[m.Name]; ok {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", m.Name, number(v), m.Unit)
		}
	}
	return table.Flush()
}

// number is a count as people read it; empty: not counted.
func number(n float64) string {
	switch {
	case n == 0:
		return ""
	case n < 10_000:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}
