package analysis

import (
	"math"
	"slices"

	"github.com/montanaflynn/stats"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// Noise is what comparisons of a program with itself found in one metric: the lab invented all of it.
type Noise struct {
	Metric      string   `json:"metric"`
	Margin      float64  `json:"margin"`
	Comparisons int      `json:"comparisons"`    // that have an interval
	Excluded    int      `json:"excluded"`       // intervals that exclude 1
	Worse       int      `json:"worse"`          // beyond the margin
	Better      int      `json:"better"`         // beyond the margin
	HalfWidth   float64  `json:"half_width"`     // of the interval, as ratio-1, median of the comparisons
	Spread      float64  `json:"spread"`         // of the log-ratios of groups: see effect.Spread
	Lag1        *float64 `json:"lag1,omitempty"` // autocorrelation of a block with the next one in its cell, median of the cells; nil: unknown
	Needed      []Needed `json:"needed"`
}

// Needed is how many groups it takes to find a slowdown with 80 % power at a level of 5 %, where noise is what it is.
type Needed struct {
	Slowdown float64 `json:"slowdown"` // ratio-1
	Any      int     `json:"any"`      // groups, to find that there is any; zero: more than a hundred
	Beyond   int     `json:"beyond"`   // groups, to find that it is beyond the margin; zero: more than a hundred, or it is not
}

// mostNeeded is the number of groups above which nobody waits.
const mostNeeded = 100

// Noises is the noise of each metric in bundles whose variants are all one program, in the order of package metric.
// Metrics without any interval are left out.
func Noises(bundles []*results.Bundle) ([]Noise, error) {
	compared, lags, err := noiseOf(bundles)
	if err != nil {
		return nil, err
	}
	var all []Noise
	for _, m := range metric.All() {
		if len(compared[m.Name]) > 0 {
			all = append(all, newNoise(m, compared[m.Name], lags[m.Name]))
		}
	}
	return all, nil
}

// noiseOf is the comparisons that have an interval, and the autocorrelations of each cell, by metric.
func noiseOf(bundles []*results.Bundle) (compared map[string][]comparison, lags map[string][]float64, err error) {
	compared, lags = map[string][]comparison{}, map[string][]float64{}
	for _, b := range bundles {
		blocks, err := judgeBlocks(b)
		if err != nil {
			return nil, nil, err
		}
		measured, _ := split(blocks)
		series, err := seriesOf(b.Manifest, measured)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range comparisonsOf(b.Manifest, measured, series) {
			if c.d != nil {
				compared[c.Metric] = append(compared[c.Metric], c)
			}
		}
		for _, cell := range b.Manifest.Cells {
			addLags(lags, slices.DeleteFunc(slices.Clone(measured), func(j judged) bool { return j.Block.Cell != cell.Name }))
		}
	}
	return compared, lags, nil
}

// addLags adds how much each metric of a block says about that of the next one in the same cell.
func addLags(lags map[string][]float64, blocks []judged) {
	for _, m := range metric.All() {
		var values []float64
		for _, j := range blocks {
			if v := j.Values[m.Name]; v > 0 { // a wait of zero has no logarithm
				values = append(values, math.Log(v))
			}
		}
		if lag, err := stats.AutoCorrelation(values, 1); err == nil {
			lags[m.Name] = append(lags[m.Name], lag)
		}
	}
}

func newNoise(m metric.Metric, compared []comparison, lags []float64) Noise {
	n := Noise{Metric: m.Name, Margin: compared[0].Margin, Comparisons: len(compared)}
	var widths, groups []float64
	for _, c := range compared {
		widths, groups = append(widths, math.Sqrt(c.Ratio.Hi/c.Ratio.Lo)-1), append(groups, c.d...)
		if c.Ratio.Lo > 1 || c.Ratio.Hi < 1 {
			n.Excluded++
		}
		switch c.Verdict {
		case effect.Worse:
			n.Worse++
		case effect.Better:
			n.Better++
		}
	}
	n.HalfWidth, _ = stats.Median(widths)
	if lag, err := stats.Median(lags); err == nil {
		n.Lag1 = &lag
	}
	n.Spread = effect.Spread(groups)
	for _, slowdown := range []float64{0.01, 0.02, 0.03, 0.05} {
		n.Needed = append(n.Needed, Needed{slowdown, n.needed(slowdown, 0), n.needed(slowdown, n.Margin)})
	}
	return n
}

func (n *Noise) needed(slowdown, margin float64) int {
	return effect.GroupsFor(slowdown, n.Spread, margin, alpha, power, mostNeeded)
}
