package scenarios

import (
	"math/rand/v2"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// nullName is the name of the variant that is the baseline once more. No variant of a file can have it.
const nullName = "null control"

// nullStream keeps the null control's random numbers apart: with and without it a seed gives the same groups.
const nullStream = 0x6e756c6c // "null"

// nullAlpha is the two-sided error of the null control, over all its metrics together.
const nullAlpha = 0.01

// NullDesign is what the null control can find.
type NullDesign struct {
	Pairs    int     `json:"pairs"`     // one a round; those of cells that need no more groups are left out
	Metrics  int     `json:"metrics"`   // on which a gate decides
	Level    float64 `json:"level"`     // two-sided error of the test of each
	MinimumP float64 `json:"minimum_p"` // that all pairs can attain
}

// nullDesign is nil where there is no null control.
func (p *Plan) nullDesign() *NullDesign {
	if p.Null == nil {
		return nil
	}
	d := &NullDesign{Pairs: p.Groups, MinimumP: p.MinimumP()}
	for _, m := range metric.All() {
		if p.decidesOn(m.Name) {
			d.Metrics++
		}
	}
	d.Level = effect.Pocock(p.looks(), nullAlpha/float64(max(1, d.Metrics)))
	return d
}

// decidesOn says whether a gate decides on a metric of some candidate in some cell.
func (p *Plan) decidesOn(metric string) bool {
	return slices.ContainsFunc(p.Cells, func(c Cell) bool {
		return slices.ContainsFunc(c.Variants[1:], func(v string) bool { return p.decides(metric, v) })
	})
}

// nullRandom draws where the null control is measured, and in which order.
type nullRandom struct {
	*rand.Rand
	cells []int // that compare; none: there is no null control
}

// controlNull makes the null control's variant where one is asked for: the baseline's own program, under another name.
//
// It is not linked in another layout: a random order of functions is slower than the linker's own by several percent,
// which is a difference that the lab finds and did not invent.
func (p *Plan) controlNull(asked string) {
	timed := slices.ContainsFunc(metric.All(), func(m metric.Metric) bool { return m.Family != metric.Exact && p.decidesOn(m.Name) })
	if asked == "off" || asked == "auto" && !timed || len(p.compared()) == 0 {
		return
	}
	v := p.Variants[0].clone()
	v.Name = nullName
	p.Null = &v
}

// nullDraw begins to draw the null control's pairs.
func (p *Plan) nullDraw() nullRandom {
	if p.Null == nil {
		return nullRandom{}
	}
	return nullRandom{rand.New(rand.NewPCG(p.Seed, nullStream)), p.compared()}
}

// cell draws the cell of one round's pair; -1: there is none.
func (r nullRandom) cell() int {
	if len(r.cells) == 0 {
		return -1
	}
	return r.cells[r.IntN(len(r.cells))]
}

// nullPair lays out one pair of the null control, right after the last block of a group and in the places after it.
func (p *Plan) nullPair(random *rand.Rand, last Block) []Block {
	variants := []string{p.Variants[0].Name, p.Null.Name}
	random.Shuffle(2, func(i, j int) { variants[i], variants[j] = variants[j], variants[i] })
	seed := random.Uint64()
	blocks := make([]Block, len(variants))
	for i, v := range variants {
		blocks[i] = Block{
			Index: last.Index + 1 + i, Cell: last.Cell, Variant: v, Group: last.Group, Order: last.Order + 1 + i,
			Seed: seed, Role: results.Null, Turns: p.Turn > 0,
		}
	}
	return blocks
}
