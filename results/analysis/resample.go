package analysis

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// Redrawing says how comparisons that were never measured are drawn from blocks that were.
type Redrawing struct {
	Metric string
	Margin float64 // of the gate
	Level  float64 // two-sided error of the gate
	Groups int     // of each comparison
	Times  int     // comparisons
	Seed   uint64
}

// Alarms counts what comparisons of a program with itself found, as a gate judges them.
type Alarms struct {
	Comparisons int `json:"comparisons"`
	Invalid     int `json:"invalid"`   // of them: a guard was violated
	Excluded    int `json:"excluded"`  // intervals that exclude 1
	Worse       int `json:"worse"`     // beyond the margin
	Confirmed   int `json:"confirmed"` // beyond the margin again, in a second comparison of other blocks
}

// AlarmsOf counts what the timed gates that decide found in runs whose variants are all one program.
func AlarmsOf(all []*Analysis) (found Alarms) {
	for _, a := range all {
		for _, e := range a.Effects {
			if !e.decides() || e.Exact {
				continue
			}
			found.count(e)
			if e.Failed {
				found.Confirmed++
			}
			if e.Failed || e.Judged.Confirmation != nil {
				found.Worse++
			}
		}
	}
	return found
}

func (f *Alarms) count(e Effect) {
	f.Comparisons++
	if e.Verdict == effect.Invalid {
		f.Invalid++
	}
	if e.Ratio != nil && (e.Ratio.Lo > 1 || e.Ratio.Hi < 1) {
		f.Excluded++
	}
}

// AtMost is the upper bound, at 95 %, of the share of comparisons that a gate would call worse and confirm. Where there
// was none it is three in the number of comparisons.
func (f Alarms) AtMost() float64 {
	n := f.Comparisons - f.Invalid
	if f.Confirmed == 0 {
		return min(1, 3/float64(n))
	}
	_, most := effect.Wilson(f.Confirmed, n, 0.90)
	return most
}

// Redraw compares a program with itself many times, by the blocks of bundles in which all variants are that program.
// Each time it cuts the blocks of a cell, in the order of time, into foursomes, and draws for each of some foursomes
// anew who was baseline and who candidate, ABBA or BAAB. Blocks that took turns stay the pairs that they are. Each comparison is judged as a gate alone in its family is, and
// one that is worse is confirmed by other foursomes, as a run would.
//
// It is an error where the bundles have too few blocks for a comparison and its confirmation.
func Redraw(bundles []*results.Bundle, o Redrawing) (Alarms, error) {
	mt, ok := metric.ByName(o.Metric)
	if !ok {
		return Alarms{}, fmt.Errorf("redraw: unknown metric %q", o.Metric)
	}
	cells, names, err := stretchesOf(bundles)
	if err != nil {
		return Alarms{}, err
	}
	random := rand.New(rand.NewPCG(o.Seed, 0x72656472)) // "redr"
	var found Alarms
	for i := range o.Times {
		name := names[i%len(names)]
		all := groupsOf(random, cells[name], bundles[0].Manifest.Turn > 0)
		if len(all) < 2*o.Groups {
			return Alarms{}, fmt.Errorf("redraw: %s has %s of blocks, and %d with their confirmation take %d: measure more runs",
				name, plural(len(all), "group"), o.Groups, 2*o.Groups)
		}
		found.add(o, mt, random, all)
	}
	return found, nil
}

// add makes one comparison, with its confirmation where it is worse.
func (f *Alarms) add(o Redrawing, m metric.Metric, random *rand.Rand, all [][]judged) {
	first := redraw(o, m, random, all[:o.Groups])
	f.count(first.Effect)
	if first.Verdict != effect.Worse {
		return
	}
	f.Worse++
	if redraw(o, m, random, all[o.Groups:2*o.Groups]).Verdict == effect.Worse {
		f.Confirmed++
	}
}

// stretchesOf is the measured blocks of each cell in the order of time, those of each bundle together, and the names of
// the cells.
func stretchesOf(bundles []*results.Bundle) (cells map[string][][]judged, names []string, err error) {
	cells = map[string][][]judged{}
	for _, b := range bundles {
		blocks, err := judgeBlocks(b)
		if err != nil {
			return nil, nil, err
		}
		measured, _ := split(blocks)
		for _, c := range b.Manifest.Cells {
			if cells[c.Name] == nil {
				names = append(names, c.Name)
			}
			cells[c.Name] = append(cells[c.Name], slices.DeleteFunc(slices.Clone(measured), func(j judged) bool { return j.Block.Cell != c.Name }))
		}
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("redraw: no cells")
	}
	return cells, names, nil
}

// groupsOf cuts each stretch of blocks into fours, from one of the first four blocks on, or into the pairs that took
// turns, and puts them in random order.
func groupsOf(random *rand.Rand, stretches [][]judged, turns bool) (all [][]judged) {
	from, size := random.IntN(4), 4
	if turns {
		from, size = 0, 2
	}
	for _, blocks := range stretches {
		for i := from; i+size <= len(blocks); i += size {
			all = append(all, blocks[i:i+size])
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// redraw compares, after drawing in each group who is who.
func redraw(o Redrawing, m metric.Metric, random *rand.Rand, all [][]judged) comparison {
	const baseline, candidate = "one half", "other half"
	var sides [2][]judged
	for n, group := range all {
		first := random.IntN(2)
		for i, j := range group {
			side := first ^ []int{0, 1, 1, 0}[i]
			j.Variant, j.Group, j.Order = []string{baseline, candidate}[side], n, i
			sides[side] = append(sides[side], j)
		}
	}
	p := newPair(halfOf(baseline, sides[0]), halfOf(candidate, sides[1]), o.Level, effect.MinGroups(o.Level))
	return p.compare(m, &results.Gate{Metric: m.Name, Worse: o.Margin})
}

func halfOf(name string, blocks []judged) oneSide {
	s := &Series{Cell: blocks[0].Block.Cell, Variant: name}
	for _, j := range blocks {
		s.ClientBound = s.ClientBound || j.clientBound()
	}
	return oneSide{s, blocks}
}

// Power is the share of runs of so many groups that would find a metric of the bundle's only candidate worse, as far as
// its groups can tell: they are drawn with replacement, and each draw is judged as a gate alone in its family. The error
// says why the groups have no ratio.
func Power(b *results.Bundle, o Redrawing) (share float64, err error) {
	blocks, err := judgeBlocks(b)
	if err != nil {
		return 0, err
	}
	measured, _ := split(blocks)
	series, err := seriesOf(b.Manifest, measured)
	if err != nil {
		return 0, err
	}
	all := comparisonsOf(b.Manifest, measured, series)
	at := slices.IndexFunc(all, func(c comparison) bool { return c.Metric == o.Metric })
	if at < 0 || len(all[at].d) == 0 {
		return 0, fmt.Errorf("power: no ratio of %s", o.Metric)
	}
	random := rand.New(rand.NewPCG(o.Seed, 0x706f7765)) // "powe"
	worse, drawn := 0, make([]float64, o.Groups)
	for range o.Times {
		for i := range drawn {
			drawn[i] = all[at].d[random.IntN(len(all[at].d))]
		}
		if r, _, ok := effect.Estimate(drawn, o.Level); ok && effect.Judge(r, o.Margin, all[at].Higher) == effect.Worse {
			worse++
		}
	}
	return float64(worse) / float64(o.Times), nil
}
