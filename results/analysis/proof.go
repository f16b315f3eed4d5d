package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// ratioUnit is the unit of a ratio of two variants.
const ratioUnit = "ratio"

// proof is a number that decides a claim.
type proof struct {
	value     float64
	low, high *float64 // nil: no interval
	unit      string
	detail    []string
	certain   bool // without an interval the value decides, as it was counted or there is but one; else only whether it is zero
}

// decide says whether all of an interval keeps a condition, none of it, or some. An interval that does not hold the
// value, as one over groups beside a value of all their handshakes may not, is widened to it.
func (e proof) decide(op results.Operator, bound float64) ClaimState {
	low, high := e.value, e.value
	if e.low != nil {
		low, high = min(*e.low, e.value), max(*e.high, e.value)
	}
	zero := bound == 0 && (op == results.Equals || op == results.More)
	if e.low == nil && !e.certain && !zero {
		return Unclear
	}
	atLow, atHigh := keeps(low, op, bound), keeps(high, op, bound)
	switch {
	case op == results.Equals && low < bound && bound < high:
		return Unclear
	case atLow && atHigh:
		return Holding
	case !atLow && !atHigh:
		return Failing
	}
	return Unclear
}

func keeps(v float64, op results.Operator, bound float64) bool {
	switch op {
	case results.Less:
		return v < bound
	case results.AtMost:
		return v <= bound
	case results.Equals:
		return v == bound
	case results.AtLeast:
		return v >= bound
	case results.More:
		return v > bound
	}
	return false
}

// ratioFor is an effect's ratio with the interval by which it was judged. The error says why there is none that may be
// believed.
func (a *Analysis) ratioFor(of results.OfSeries) (proof, error) {
	p, err := a.placeOf(of)
	if err != nil {
		return proof{}, err
	}
	at := slices.IndexFunc(a.Effects, func(e Effect) bool {
		return e.Cell == p.Cell && e.Metric == of.Metric && e.Candidate.Variant == of.Variant
	})
	if at < 0 {
		return proof{}, fmt.Errorf("%s is not compared in %s", p.Variant, p.Cell)
	}
	e := a.Effects[at]
	if e.Ratio == nil || e.Verdict == effect.Invalid || a.paced(e) {
		return proof{}, errors.New(cmp.Or(e.doubts(), "there is no ratio"))
	}
	where := fmt.Sprintf("%s of %s / %s in %s", e.Metric, e.Candidate.Variant, e.Baseline.Variant, e.Cell)
	if e.Exact {
		return proof{value: e.Ratio.Point, unit: ratioUnit, certain: true, detail: []string{where, "counted"}}, nil
	}
	return proof{value: e.Ratio.Point, low: &e.Ratio.Lo, high: &e.Ratio.Hi, unit: ratioUnit, detail: append([]string{where, plural(e.Groups, "group")}, e.Warnings...)}, nil
}

// paced says that an effect on rates or latencies shows the pace of the generator, on either side.
func (a *Analysis) paced(e Effect) bool {
	f := familyOf(e)
	return (f == metric.Rate || f == metric.Latency) && slices.ContainsFunc(a.Series, func(s Series) bool {
		return s.ClientBound && s.Cell == e.Cell && (s.Variant == e.Baseline.Variant || s.Variant == e.Candidate.Variant)
	})
}

// valueFor is a series' value, with an interval over the values of its groups where these have one.
func (a *Analysis) valueFor(of results.OfSeries, measured []judged) (proof, error) {
	p, err := a.placeOf(of)
	if err != nil {
		return proof{}, err
	}
	m, _ := metric.ByName(of.Metric)
	e := proof{unit: m.Unit, detail: []string{of.Metric + " of " + p.String()}}
	if v, ok := p.counted(of.Metric); ok {
		e.value, e.certain, e.detail = v, true, append(e.detail, "counted")
		return e, nil
	}
	if why := spoiled(oneSide{p.Series, blocksOf(measured, p.Cell, p.Variant)}); len(why) > 0 {
		return proof{}, errors.New(strings.Join(why, "; "))
	}
	if e.value, err = p.read(metric.Term{Metric: of.Metric}); err != nil {
		return proof{}, err
	}
	at := slices.IndexFunc(a.Manifest.Cells, func(c results.Cell) bool { return c.Name == p.Cell })
	e.spread(counted(a.Manifest.Cells[at], measured)[p.Variant], of.Metric)
	return e, nil
}

// spread gives a value the interval of the location of its groups, by the same test as ratios have. Where a block has
// zero, which has no logarithm, it is from the smallest group to the largest: that holds the median of groups with more
// confidence than 95 % from six groups on.
func (e *proof) spread(blocks []judged, name string) {
	groups, err := valuesByGroup(blocks, name)
	if err != nil {
		e.detail = append(e.detail, "no interval: "+err.Error())
		return
	}
	if n := len(groups); n < effect.MinGroups(alpha) {
		e.detail = append(e.detail, fmt.Sprintf("no interval from %s, it takes %d", plural(n, "group"), effect.MinGroups(alpha)))
		return
	}
	if low, high, ok := location(groups); ok {
		e.low, e.high, e.detail = &low, &high, append(e.detail, "interval over "+plural(len(groups), "group"))
		return
	}
	var means []float64
	for _, values := range groups {
		means = append(means, mean(values))
	}
	low, high := slices.Min(means), slices.Max(means)
	e.low, e.high, e.detail = &low, &high, append(e.detail, "smallest to largest of "+plural(len(groups), "group")+", as a block has zero")
}

// location is the interval of the location of groups by their mean logarithms; none where a value has none.
func location(groups [][]float64) (low, high float64, ok bool) {
	var d []float64
	for _, values := range groups {
		sum := 0.0
		for _, v := range values {
			if v <= 0 {
				return 0, 0, false
			}
			sum += math.Log(v)
		}
		d = append(d, sum/float64(len(values)))
	}
	r, _, ok := effect.Estimate(d, alpha)
	return r.Lo, r.Hi, ok
}

// mean is the arithmetic mean.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// valuesByGroup is a metric of each block, by group. The error is of a block that has none.
func valuesByGroup(blocks []judged, name string) (all [][]float64, err error) {
	at := map[int]int{} // of a group in all
	for _, j := range blocks {
		v, err := j.measure(name)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", j.Index, err)
		}
		i, known := at[j.Group]
		if !known {
			i = len(all)
			at[j.Group], all = i, append(all, nil)
		}
		all[i] = append(all[i], v)
	}
	return all, nil
}

// measureFor is an arm's measure.
func (a *Analysis) measureFor(of results.OfMeasure) (proof, error) {
	at := slices.IndexFunc(a.Experiments, func(r experiment.Result) bool { return r.Name == of.Name })
	if at < 0 {
		return proof{}, fmt.Errorf("the experiment %s was not made", of.Name)
	}
	result := a.Experiments[at]
	if result.Skipped != "" {
		return proof{}, fmt.Errorf("the experiment %s was not made: %s", of.Name, result.Skipped)
	}
	arm, ok := result.Arm(of.Arm)
	switch {
	case !ok:
		return proof{}, fmt.Errorf("%s has no arm %s", of.Name, of.Arm)
	case arm.Skipped != "":
		return proof{}, fmt.Errorf("%s, %s was not made: %s", of.Name, of.Arm, arm.Skipped)
	}
	m, ok := arm.Measure(of.Measure)
	if !ok {
		return proof{}, fmt.Errorf("%s, %s did not measure %s", of.Name, of.Arm, of.Measure)
	}
	where := fmt.Sprintf("%s of %s, %s", m.Name, of.Name, of.Arm)
	return proof{value: m.Value, low: m.Low, high: m.High, unit: m.Unit, certain: true, detail: append([]string{where}, restsOn(m)...)}, nil
}

// restsOn says what a measure rests on.
func restsOn(m experiment.Measure) []string {
	timed := m.Unit == "s" || strings.HasPrefix(m.Unit, "s/")
	switch {
	case timed && m.Of <= 1 && m.Low == nil:
		return []string{"one measurement"}
	case timed && m.Low == nil:
		return []string{fmt.Sprintf("of %d, no interval", m.Of)}
	case m.Of > 1:
		return []string{fmt.Sprintf("of %d", m.Of)}
	}
	return nil
}

// placeOf is the one series that a claim chooses. The error says why there is none.
func (a *Analysis) placeOf(of results.OfSeries) (place, error) {
	var found []place
	for _, p := range placesOf(a.Manifest, a.Series, a.Exact) {
		if p.Variant == of.Variant && within(of.Cell, p.dimensions) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return place{}, fmt.Errorf("%d cells of %s fit, it takes one", len(found), of.Variant)
	}
	for _, k := range a.Manifest.Skips {
		if k.Variant == of.Variant || k.Cell != "" && k.Cell == of.Cell["cell"] {
			return place{}, fmt.Errorf("%s was not measured there: skipped: %s", of.Variant, k.Reason)
		}
	}
	return place{}, fmt.Errorf("no cell of %s fits", of.Variant)
}
