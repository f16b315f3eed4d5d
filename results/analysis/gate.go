package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// The power with which a design is said to find a slowdown.
const power = 0.80

// families is the order in which gates are decided and told.
var families = []metric.Family{metric.Exact, metric.CPU, metric.Rate, metric.Latency}

// nominal is the two-sided error of each of a run's looks, so that all of them keep to alpha.
func nominal(looks []int, alpha float64) float64 {
	if len(looks) == 0 {
		return alpha
	}
	return effect.Pocock(looks, alpha)
}

// correct judges the gates once more, each against the level that Holm's method leaves it among the deciding gates of
// its family. A gate that is beyond its margin at the nominal level only is undecided.
func correct(all []comparison, looks []int) {
	for _, family := range families {
		var gates []*comparison
		var p []float64
		for i := range all {
			if c := &all[i]; c.family == family && c.decides() {
				gates, p = append(gates, c), append(p, c.pBeyond())
			}
		}
		shared := func(among int) float64 { return nominal(looks, alpha/float64(among)) }
		for i, at := range effect.Holm(p, shared) {
			gates[i].correct(at, len(gates))
		}
	}
	for i := range all {
		if c := &all[i]; c.Gated && c.Advisory {
			c.correct(nominal(looks, alpha), 1)
		}
	}
}

// pBeyond is the p-value of a gate: how well no more than its margin goes with what was measured.
func (c *comparison) pBeyond() float64 {
	if len(c.d) == 0 {
		return 1
	}
	return effect.PBeyond(c.d, c.Margin, c.Higher)
}

// correct judges a gate at its own level, one of so many.
func (c *comparison) correct(level float64, of int) {
	c.Judged.Level = level
	if len(c.d) == 0 {
		return
	}
	if d := effect.Detectable(len(c.d), effect.Spread(c.d), c.Margin, level, power); d < maxDetectable {
		c.Judged.Detectable = d
	}
	r, _, ok := effect.Estimate(c.d, level)
	if ok {
		c.Judged.Ratio = &r
	}
	if c.Verdict == effect.Worse && (!ok || effect.Judge(r, c.Margin, c.Higher) != effect.Worse) {
		c.Verdict = effect.Inconclusive
		c.Warnings = append(c.Warnings, fmt.Sprintf("beyond the margin, but not at the %s that is left to one of %s: more groups would tell",
			percent(1-level), plural(of, "gate")))
	}
}

// maxDetectable is the slowdown above which nobody asks whether it would be found.
const maxDetectable = 10

// conclude says whether the gate on an effect has failed, or is excused by a regression that somebody expects.
func (c *comparison) conclude(m results.Manifest) {
	if !c.decides() || c.Verdict != effect.Worse && c.Verdict != effect.Inconclusive {
		return
	}
	at := slices.IndexFunc(m.Cells, func(cell results.Cell) bool { return cell.Name == c.Cell })
	expected, expired := expectedOf(m, m.Cells[at], c.Metric, c.Candidate.Variant)
	c.Judged.Expected = expected
	exceeded := expected != nil && expected.Worse > 0 && c.Ratio != nil && c.Ratio.Point > 1+expected.Worse
	c.Excused = expected != nil && !expired && !exceeded
	c.Failed = c.Verdict == effect.Worse && !c.Excused
	if exceeded {
		c.Warnings = append(c.Warnings, fmt.Sprintf("a regression was expected, but of %s at most", percent(expected.Worse)))
	}
	if expired {
		c.Warnings = append(c.Warnings, fmt.Sprintf("this regression was expected until %s (%s)", expected.Until, expected.Because))
	}
}

// gatingOf is how the gates were judged together; nil: none decides.
func gatingOf(m results.Manifest, effects []Effect, measured []judged, level float64) *Gating {
	g := &Gating{Looks: m.Looks, Level: level}
	for _, family := range families {
		gated := func(e Effect) bool { return e.decides() && familyOf(e) == family }
		n := count(effects, gated)
		if n == 0 {
			continue
		}
		g.Families = append(g.Families, FamilyOfGates{family, n})
		if slices.ContainsFunc(effects, func(e Effect) bool { return gated(e) && !e.Exact }) { // a count does not depend on chance
			g.Once += alpha / 2
			g.Confirmed += alpha / 2 * alpha / 2
		}
	}
	if len(g.Families) == 0 {
		return nil
	}
	unconfirmed := func(e Effect) bool { return e.Failed && !e.Exact && e.Judged.Confirmation == nil }
	if !m.Confirm || slices.ContainsFunc(effects, unconfirmed) {
		g.Confirmed = g.Once
	}
	most := 0
	for _, j := range measured {
		most = max(most, j.Group+1)
	}
	g.Taken = count(m.Looks, func(look int) bool { return look <= most })
	return g
}

func familyOf(e Effect) metric.Family {
	m, _ := metric.ByName(e.Metric)
	return m.Family
}

// byFamily orders gates as they are decided.
func byFamily(x, y Effect) int {
	return cmp.Compare(slices.Index(families, familyOf(x)), slices.Index(families, familyOf(y)))
}
