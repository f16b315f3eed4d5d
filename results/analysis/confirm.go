package analysis

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// confirm holds each gate that is worse against the second, freshly randomised run, if there was one. Only what is
// worse in both counts; what is not is undecided.
func confirm(m results.Manifest, all []comparison, again []judged) error {
	if len(again) == 0 {
		return nil
	}
	series, err := seriesOf(m, again)
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		if !c.decides() || c.Verdict != effect.Worse || len(blocksOf(again, c.Cell, c.Candidate.Variant)) == 0 {
			continue
		}
		p := newPair(side(series, again, c.Cell, c.Baseline.Variant), side(series, again, c.Cell, c.Candidate.Variant), alpha, effect.MinGroups(alpha))
		mt, _ := metric.ByName(c.Metric)
		second := p.compare(mt, &results.Gate{Metric: c.Metric, Worse: c.Margin})
		c.Judged.Confirmation = &Confirmation{second.Ratio, second.Groups, second.Verdict}
		c.recall(second)
	}
	return nil
}

// recall takes back a verdict that the second run does not bear out.
func (c *comparison) recall(second comparison) {
	switch second.Verdict {
	case effect.Worse:
	case effect.Invalid:
		c.Verdict = effect.Invalid
		c.Warnings = append(c.Warnings, "worse once, but measured again it was no valid measurement: "+second.doubts())
	default:
		c.Verdict = effect.Inconclusive
		c.Warnings = append(c.Warnings, fmt.Sprintf("worse once, but %s when measured again: not confirmed", second.Verdict))
	}
}

// Unconfirmed is the candidates, by cell, with a gate that has failed and that nobody has confirmed yet.
func (a *Analysis) Unconfirmed() map[string][]string {
	failed := map[string][]string{}
	for _, e := range a.Effects {
		if e.Failed && !e.Exact && e.Judged.Confirmation == nil && !slices.Contains(failed[e.Cell], e.Candidate.Variant) {
			failed[e.Cell] = append(failed[e.Cell], e.Candidate.Variant)
		}
	}
	return failed
}

// Undecided names the cells for which more groups could still decide something: a gate, or where no gate decides, the
// server CPU.
func (a *Analysis) Undecided() (cells []string) {
	named := map[string]bool{}
	for _, e := range a.Effects {
		asked := e.decides() || a.Gating == nil && isServerCPU(e)
		if asked && !e.Exact && !e.Excused && e.Verdict == effect.Inconclusive && !named[e.Cell] {
			named[e.Cell] = true
			cells = append(cells, e.Cell)
		}
	}
	return cells
}
