package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// countedOf compares what was counted of each candidate and the baseline. Counts of different builds, toolchains or
// CPU features are not compared: a counter does not see what the hardware makes of an instruction.
func countedOf(m results.Manifest, counts []exact.Counts) []comparison {
	var all []comparison
	base := baselineOf(m)
	for _, cell := range m.Cells {
		baseline := countsOf(counts, cell.Name, base)
		for _, candidate := range cell.Variants {
			if candidate == base {
				continue
			}
			for _, mt := range metric.Counted() {
				gate := gateOf(m.Gates, mt.Name, candidate)
				counted := countsOf(counts, cell.Name, candidate)
				if c, ok := compareCounts(baseline, counted, mt); ok || gate != nil {
					c.Cell, c.Baseline.Variant, c.Candidate.Variant = cell.Name, base, candidate
					c.put(gate)
					c.judgeCount(baseline, counted)
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// FailedCounts says which exact gate has failed, before anything is timed; empty: none has.
func FailedCounts(m results.Manifest, counts []exact.Counts) string {
	for _, c := range countedOf(m, counts) {
		if c.conclude(m); c.Failed {
			return c.finding()
		}
	}
	return ""
}

func countsOf(counts []exact.Counts, cell, variant string) *exact.Counts {
	at := slices.IndexFunc(counts, func(c exact.Counts) bool { return c.Cell == cell && c.Variant == variant })
	if at < 0 {
		return nil
	}
	return &counts[at]
}

// compareCounts is one metric of both sides; not ok where either lacks it.
func compareCounts(baseline, candidate *exact.Counts, m metric.Metric) (c comparison, ok bool) {
	c = comparison{family: m.Family, Effect: Effect{
		Metric: m.Name, Unit: m.Unit, Title: m.Title, Higher: m.Higher, Margin: m.Margin, Exact: true,
		Verdict: effect.Invalid,
	}}
	if baseline == nil || candidate == nil {
		c.Warnings = []string{"not counted: see the gaps"}
		return c, false
	}
	was, ok := baseline.Values()[m.Name]
	now, ok2 := candidate.Values()[m.Name]
	if !ok || !ok2 {
		c.Warnings = []string{"not counted: see the gaps"}
		return c, false
	}
	c.Baseline.Value, c.Candidate.Value = &was, &now
	if differences := candidate.Key.Differences(baseline.Key); len(differences) > 0 {
		c.Unlike, c.Warnings = true, []string{"counted under different conditions, so not compared: " + strings.Join(differences, ", ")}
		return c, true
	}
	if was > 0 && now > 0 {
		r := now / was
		c.Ratio = &effect.Ratio{Point: r, Lo: r, Hi: r}
	} else {
		c.Warnings = []string{fmt.Sprintf("%.4g against %.4g has no ratio", now, was)}
	}
	c.Packages = packagesOf(m.Name, baseline, candidate)
	return c, true
}

// judgeCount judges a count by its margin, and by what equal sources differ by for nothing.
func (c *comparison) judgeCount(baseline, candidate *exact.Counts) {
	if c.Ratio != nil {
		for _, said := range exact.Compare(*baseline, *candidate, []exact.Margin{{Metric: c.Metric, Ratio: c.Margin}}) {
			c.Verdict = effect.Verdict(said.Verdict)
		}
	}
	if c.Judged != nil {
		c.Judged.Ratio = c.Ratio
	}
}

// packagesOf is which packages a change of instructions is in.
func packagesOf(name string, baseline, candidate *exact.Counts) (all []Package) {
	for _, d := range exact.Moved(name, *baseline, *candidate) {
		all = append(all, Package(d))
	}
	return all
}
