package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// Intervals cover the true ratio with at least 95 % confidence, over all looks of a run together.
const alpha = 0.05

// comparison is an effect and the log-ratios of the groups that it rests on; none where it rests on nothing.
type comparison struct {
	Effect
	family metric.Family
	d      []float64
}

// comparisonsOf compares each candidate with the baseline, in each cell that has both, in every metric that is timed.
func comparisonsOf(m results.Manifest, blocks []judged, series []Series) []comparison {
	var all []comparison
	level, strict := nominal(m.Looks, alpha), nominal(m.Looks, alpha/float64(max(1, sharers(m))))
	base := baselineOf(m)
	if len(blocks) == 0 { // only counted
		return nil
	}
	for _, cell := range m.Cells {
		if !slices.Contains(cell.Variants, base) {
			continue
		}
		for _, candidate := range cell.Variants {
			if candidate == base {
				continue
			}
			p := newPair(side(series, blocks, cell.Name, base), side(series, blocks, cell.Name, candidate), level, effect.MinGroups(strict))
			for _, mt := range metric.All() {
				gate := gateOf(m.Gates, mt.Name, candidate)
				if gate != nil || claimed(m.Claims, mt.Name, candidate) || !idle(cell, mt.Name) && p.knows(mt.Name) {
					all = append(all, p.compare(mt, gate))
				}
			}
		}
	}
	return all
}

// sharers is how many comparisons share the error of the largest family of timed gates.
func sharers(m results.Manifest) (most int) {
	count := map[metric.Family]int{}
	for _, cell := range m.Cells {
		for _, v := range cell.Variants {
			for _, mt := range metric.All() {
				if g := gateOf(m.Gates, mt.Name, v); v != baselineOf(m) && g != nil && !g.Advisory {
					count[mt.Family]++
					most = max(most, count[mt.Family])
				}
			}
		}
	}
	return most
}

// idle says that a metric says nothing of its own in a cell: in a closed loop response time is service time, and calls
// over live connections have no time of a handshake.
func idle(cell results.Cell, name string) bool {
	m, _ := metric.ByName(name)
	return cell.Load.Loop == loadgen.Closed && strings.HasPrefix(name, "response_") ||
		cell.Spec.Kind == handshake.Live && m.Family == metric.Latency && strings.HasPrefix(name, "handshake_")
}

// knows says whether a metric is worth comparing: the share of TLS only where some block has a profile.
func (p *pair) knows(metric string) bool {
	profiled := func(j judged) bool { return j.time != nil }
	return metric != tlsShare || slices.ContainsFunc(p.baseline.blocks, profiled) || slices.ContainsFunc(p.candidate.blocks, profiled)
}

// explains says that a metric is for explaining others: without a gate on it, it is no headline.
func (e *Effect) explains() bool { return !e.Gated && (e.Metric == lockWaits || e.Metric == tlsShare) }

// baselineOf is the variant that says so, else the first.
func baselineOf(m results.Manifest) string {
	for _, v := range m.Variants {
		if v.Baseline {
			return v.Name
		}
	}
	if len(m.Variants) == 0 {
		return ""
	}
	return m.Variants[0].Name
}

// gateOf is the gate on a metric of a candidate; of several, one that decides before one that advises, and the
// strictest.
func gateOf(gates []results.Gate, metric, candidate string) *results.Gate {
	var found *results.Gate
	for i := range gates {
		g := &gates[i]
		if g.Metric != metric || g.Candidate != "" && g.Candidate != candidate {
			continue
		}
		if found == nil || found.Advisory && !g.Advisory || found.Advisory == g.Advisory && g.Worse < found.Worse {
			found = g
		}
	}
	return found
}

// compare judges one metric, without regard to other gates; gate may be nil.
func (p *pair) compare(m metric.Metric, gate *results.Gate) comparison {
	e := comparison{family: m.Family, Effect: Effect{
		Cell: p.baseline.Cell, Metric: m.Name, Unit: m.Unit, Title: m.Title, Higher: m.Higher,
		Baseline: p.baseline.value(m.Name), Candidate: p.candidate.value(m.Name),
		Groups: len(p.groups), Measured: p.measured, Margin: m.Margin, Verdict: effect.Inconclusive,
		Warnings: slices.Clone(p.warnings), Omissions: slices.Clone(p.omissions),
	}}
	e.put(gate)
	if p.invalid {
		e.Verdict = effect.Invalid
		return e
	}
	p.judge(&e)
	if p.bound != "" && (m.Family == metric.Rate || m.Family == metric.Latency) {
		e.discredit(p.bound)
	}
	return e
}

// put puts an effect under a gate; nil: none.
func (e *Effect) put(gate *results.Gate) {
	if gate != nil {
		e.Gated, e.Advisory, e.Margin = true, gate.Advisory, gate.Worse
		e.Judged = &Judged{Line: gate.Line}
	}
}

// judge fills in ratio and verdict, or a warning why there is none.
func (p *pair) judge(e *comparison) {
	d, err := p.logRatios(e.Metric)
	if err != nil {
		e.Warnings = append(e.Warnings, err.Error())
		return
	}
	r, _, ok := effect.Estimate(d, p.level)
	if !ok {
		e.Warnings = append(e.Warnings, tooFew(len(d), r, p.level))
		return
	}
	e.d, e.Ratio, e.Verdict = d, &r, effect.Judge(r, e.Margin, e.Higher)
}

func tooFew(groups int, r effect.Ratio, level float64) string {
	w := fmt.Sprintf("no %s interval from %s, it takes %d", percent(1-level), plural(groups, "group"), effect.MinGroups(level))
	if r.Point > 0 {
		w += fmt.Sprintf("; the estimate alone is %s", times(r.Point))
	}
	return w
}

// discredit takes the verdict, but leaves the ratio to be seen unless a gate would rest on it.
func (e *comparison) discredit(why string) {
	e.Warnings = append(e.Warnings, why)
	e.Verdict, e.d = effect.Inconclusive, nil
	if e.decides() {
		e.Ratio, e.Verdict = nil, effect.Invalid
	}
}

// decides: a gate rests on the effect, and does not only advise.
func (e *Effect) decides() bool { return e.Gated && !e.Advisory }

// logRatios is one number for each group. The error says why a metric has none.
func (p *pair) logRatios(metric string) ([]float64, error) {
	if err := p.missing(metric); err != nil {
		return nil, err
	}
	var d []float64
	for _, g := range p.groups {
		if metric == lockWaits && slices.Contains(slices.Concat(values(g.baseline, metric), values(g.candidate, metric)), 0) {
			return nil, fmt.Errorf("group %d: in some block nobody waited, and there is no ratio to or of zero", g.baseline[0].Group)
		}
		x, err := effect.LogRatio(values(g.baseline, metric), values(g.candidate, metric))
		if err != nil {
			return nil, fmt.Errorf("group %d: %w", g.baseline[0].Group, err)
		}
		d = append(d, x)
	}
	return d, nil
}

func values(blocks []judged, metric string) []float64 {
	var v []float64
	for _, j := range blocks {
		v = append(v, j.Values[metric])
	}
	return v
}

// missing says why some block has no number for a metric. A percentile that the smallest block does not support is
// left out for all: a selection of blocks by their size would be one by their speed.
func (p *pair) missing(metric string) error {
	least := thin{had: math.MaxUint64}
	for _, g := range p.groups {
		for _, j := range slices.Concat(g.baseline, g.candidate) {
			var t *thin
			_, err := j.measure(metric)
			if errors.As(err, &t) {
				least = thin{t.need, min(t.had, least.had)}
			} else if err != nil {
				return fmt.Errorf("block %d: %w", j.Index, err)
			}
		}
	}
	if least.need > 0 {
		_, percentile, _ := strings.Cut(metric, "_")
		return fmt.Errorf("%s needs %d handshakes in each block, the smallest had %d", percentile, least.need, least.had)
	}
	return nil
}

// times writes a ratio with as many digits as say something.
func times(r float64) string {
	switch {
	case r >= 1.25:
		return fmt.Sprintf("%.2f", r)
	case r >= 0.1:
		return fmt.Sprintf("%.3f", r)
	}
	return fmt.Sprintf("%.3g", r)
}

// bySize orders effects by how far their ratio is from 1, the farthest first.
func bySize(x, y Effect) int {
	return cmp.Compare(math.Abs(math.Log(y.Ratio.Point)), math.Abs(math.Log(x.Ratio.Point)))
}
