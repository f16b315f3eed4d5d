package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// nullAlpha is the chance that the null control of a sound run fires.
const nullAlpha = 0.01

// controlsOf compares the baseline with itself, in every timed metric that a gate decides on. The pairs are of
// different cells, which their ratio does not show. Half of the strictest gate's margin is allowed: less would
// change no verdict.
func controlsOf(m results.Manifest, blocks []judged, timed []comparison) []NullControl {
	if m.Null == "" || len(blocks) == 0 {
		return nil
	}
	var metrics []string
	for _, c := range timed {
		if c.decides() && !slices.Contains(metrics, c.Metric) {
			metrics = append(metrics, c.Metric)
		}
	}
	level := nominal(m.Looks, nullAlpha/float64(max(1, len(metrics))))
	var all []NullControl
	for _, name := range metrics {
		c := control(name, baselineOf(m), m.Null, blocks, level)
		c.Allowed = strictest(m.Gates, name) / 2
		c.Fired = c.Ratio != nil && (c.Ratio.Lo > 1+c.Allowed || c.Ratio.Hi < 1/(1+c.Allowed))
		all = append(all, c)
	}
	return all
}

// strictest is the smallest margin of the deciding gates on a metric.
func strictest(gates []results.Gate, metric string) float64 {
	margin := math.Inf(1)
	for _, g := range gates {
		if g.Metric == metric && !g.Advisory {
			margin = min(margin, g.Worse)
		}
	}
	return margin
}

func control(name, baseline, null string, blocks []judged, level float64) NullControl {
	of := func(variant string) oneSide {
		return oneSide{&Series{Variant: variant}, slices.DeleteFunc(slices.Clone(blocks), func(j judged) bool { return j.Variant != variant })}
	}
	p := &pair{baseline: of(baseline), candidate: of(null), level: level}
	p.form(effect.MinGroups(level))
	c := NullControl{Metric: name, Pairs: len(p.groups), Level: level}
	d, err := p.logRatios(name)
	if err != nil {
		return c
	}
	if r, _, ok := effect.Estimate(d, level); ok {
		c.Ratio = &r
	}
	return c
}

// distrust invalidates the timed gates where a null control has fired: the lab found a difference where there is none.
func distrust(timed []comparison, controls []NullControl) {
	for _, n := range controls {
		if !n.Fired {
			continue
		}
		m, _ := metric.ByName(n.Metric)
		why := fmt.Sprintf("the null control fired: the baseline against itself has %sx its own %s [%s, %s]",
			times(n.Ratio.Point), m.Title, times(n.Ratio.Lo), times(n.Ratio.Hi))
		for i := range timed {
			if c := &timed[i]; c.decides() {
				c.Warnings, c.Verdict, c.d = append(c.Warnings, why), effect.Invalid, nil
			}
		}
	}
}
