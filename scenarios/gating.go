package scenarios

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

const (
	alpha = 0.05 // two-sided error of one family of gates, over all looks together
	power = 0.80 // with which a slowdown is said to be found
)

// Gating is what the gates of a plan can find, and how often they fail a change that costs nothing.
//
// A family's error is shared by its comparisons, each a metric of a candidate in a cell under a gate that decides. So
// the level of each, before Holm's method leaves more to those that are tested last, is that of a look divided by
// their number. Advisory gates share nothing.
type Gating struct {
	LookLevel float64      `json:"look_level"`             // two-sided error of each look, so that all looks together keep to 5 %
	Gates     []GateDesign `json:"gates"`                  // in the order of the plan's gates
	Null      *NullDesign  `json:"null_control,omitempty"` // nil: there is none
	Once      float64      `json:"false_block_once"`       // upper bound of the chance that a change that costs nothing fails a gate
	Confirmed float64      `json:"false_block_confirmed"`  // the same where a failure has to be confirmed; else as once
}

// GateDesign is what one gate can find.
type GateDesign struct {
	Metric      string        `json:"metric"`
	Candidate   string        `json:"candidate,omitempty"` // empty: every candidate
	Family      metric.Family `json:"family"`
	Counted     bool          `json:"counted,omitempty"`     // chance has no part in it: what follows is zero
	Comparisons int           `json:"comparisons,omitempty"` // that share the level of a look
	Level       float64       `json:"level,omitempty"`       // two-sided error of each
	MinimumP    float64       `json:"minimum_p,omitempty"`   // that the last look can attain
	Detectable  []Detectable  `json:"detectable,omitempty"`  // at the first and at the last look; nil: the machine was never calibrated
}

// Detectable is the smallest slowdown that a gate finds with 80 % power. It is +Inf where no slowdown is found.
type Detectable struct {
	Groups   int
	Slowdown float64 // ratio-1
}

// MarshalJSON writes a slowdown that does not exist as null.
func (d Detectable) MarshalJSON() ([]byte, error) {
	slowdown := &d.Slowdown
	if math.IsInf(d.Slowdown, 0) {
		slowdown = nil
	}
	return json.Marshal(struct {
		Groups   int      `json:"groups"`
		Slowdown *float64 `json:"slowdown"`
	}{d.Groups, slowdown})
}

// looks are the numbers of groups after which the gates are judged.
func (p *Plan) looks() []int {
	if p.Looks == nil {
		return []int{p.Groups}
	}
	return p.Looks
}

// lookLevel is the two-sided error of each look for one of so many comparisons that share alpha.
func (p *Plan) lookLevel(among int) float64 { return effect.Pocock(p.looks(), alpha/float64(among)) }

// gating says what the gates can find on m.
func (p *Plan) gating(m Machine) *Gating {
	if len(p.Gates) == 0 {
		return nil
	}
	share := p.comparisons()
	g := &Gating{LookLevel: p.lookLevel(1), Null: p.nullDesign()}
	for _, gate := range p.Gates {
		g.Gates = append(g.Gates, p.designOf(gate, share, m))
	}
	for _, family := range []metric.Family{metric.Exact, metric.CPU, metric.Rate, metric.Latency} {
		if share[family] > 0 {
			g.Once += alpha / 2
			g.Confirmed += alpha / 2 * alpha / 2
		}
	}
	if !p.Confirm {
		g.Confirmed = g.Once
	}
	return g
}

func (p *Plan) designOf(gate results.Gate, share map[metric.Family]int, m Machine) GateDesign {
	mt, _ := metric.ByName(gate.Metric)
	d := GateDesign{Metric: gate.Metric, Candidate: gate.Candidate, Family: mt.Family}
	if counted(gate.Metric) {
		d.Counted = true
		return d
	}
	d.Comparisons = 1
	if !gate.Advisory {
		d.Comparisons = max(1, share[mt.Family])
	}
	d.Level, d.MinimumP = p.lookLevel(d.Comparisons), p.MinimumP()
	spread := m.Spread[gate.Metric] * p.widening(gate)
	if spread > 0 {
		looks := p.looks()
		for _, groups := range slices.Compact([]int{looks[0], p.Groups}) {
			d.Detectable = append(d.Detectable, Detectable{groups, effect.Detectable(groups, spread, gate.Worse, d.Level, power)})
		}
	}
	return d
}

// comparisons counts, by family, the metrics of candidates in cells on which a gate decides.
func (p *Plan) comparisons() map[metric.Family]int {
	share := map[metric.Family]int{}
	for _, cell := range p.Cells {
		for _, candidate := range cell.Variants[1:] {
			for _, m := range metric.All() {
				if p.decides(m.Name, candidate) {
					share[m.Family]++
				}
			}
		}
	}
	return share
}

// decides says whether a gate decides on a metric of a candidate.
func (p *Plan) decides(metric, candidate string) bool {
	return slices.ContainsFunc(p.Gates, func(g results.Gate) bool {
		return !g.Advisory && g.Metric == metric && about(g, candidate)
	})
}

// about says whether a gate is about a candidate.
func about(g results.Gate, candidate string) bool {
	return g.Candidate == "" || g.Candidate == candidate
}

// cellsOf are the cells that run a candidate of a gate.
func (p *Plan) cellsOf(g results.Gate) []Cell {
	return slices.DeleteFunc(slices.Clone(p.Cells), func(c Cell) bool {
		return !slices.ContainsFunc(c.Variants[1:], func(v string) bool { return about(g, v) })
	})
}

// widening is how much wider a gate's groups spread than those that were calibrated, which had two blocks of each
// side: a group of more than two variants has one.
func (p *Plan) widening(g results.Gate) float64 {
	if slices.ContainsFunc(p.cellsOf(g), func(c Cell) bool { return len(c.Variants) > 2 }) {
		return math.Sqrt2
	}
	return 1
}
