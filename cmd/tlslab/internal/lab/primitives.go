package lab

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Primitive is what one cryptographic operation costs a candidate against the baseline, timed alone and natively: a
// counter of instructions does not see what the hardware makes of them.
type Primitive struct {
	Name     string
	Baseline float64        // nanoseconds of CPU for one operation, median of all batches
	Ratio    *effect.Ratio  // candidate/baseline, its interval at 95 %; nil: too few groups, or missing
	Verdict  effect.Verdict // worse is said of any of them with an error of 5 %, by Holm's method
	Missing  string         // why a side does not have the operation; then there is no verdict
}

const (
	primitiveMargin = 0.03
	primitiveLevel  = 0.05       // two-sided error of an interval, and of all verdicts together
	primitiveTurns  = 4          // ABBA or BAAB of them in a group, which takes about 2 s then
	primitiveStream = 0x7072696d // "prim": its random numbers are apart from others of the same seed
)

// Primitives times what handshakes are made of for two variants. A group is a fresh process of each, which take turns
// as ABBA or BAAB by the plan's seed. Of twenty operations, ten groups are the fewest that can find one worse.
func (r *Run) Primitives(ctx context.Context, baseline, candidate string, groups int) ([]Primitive, error) {
	b, err := r.newBench(ctx, baseline, candidate)
	if err != nil {
		return nil, err
	}
	return b.run(ctx, groups)
}

// run measures the groups and judges every operation.
func (b *bench) run(ctx context.Context, groups int) ([]Primitive, error) {
	if err := b.calibrate(ctx); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(b.seed, primitiveStream))
	for n := range groups {
		b.speak(fmt.Sprintf("timing primitives: group %d of %d", n+1, groups))
		if err := b.group(ctx, random); err != nil {
			return nil, err
		}
	}
	return b.primitives(), nil
}

// primitives judges every operation that either side knows.
func (b *bench) primitives() []Primitive {
	var all []Primitive
	var ratios [][]float64
	var p []float64
	for _, name := range b.names() {
		one, d := b.primitive(name)
		all, ratios, p = append(all, one), append(ratios, d), append(p, effect.PBeyond(d, primitiveMargin, false))
	}
	levels := effect.Holm(p, func(among int) float64 { return primitiveLevel / float64(among) })
	for i, d := range ratios {
		if all[i].Missing == "" {
			all[i].judge(d, p[i] <= levels[i])
		}
	}
	return all
}

func (b *bench) names() []string {
	names := map[string]bool{}
	for i := range b.sides {
		for name := range b.missing[i] {
			names[name] = true
		}
		for _, g := range b.groups {
			for name := range g[i] {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// primitive is an operation with the log-ratios of its groups, not judged yet.
func (b *bench) primitive(name string) (p Primitive, d []float64) {
	p.Name = name
	var baseline []float64
	for _, g := range b.groups {
		for i, side := range b.sides {
			if g[i][name] == nil {
				p.Missing = fmt.Sprintf("%s: %s", side.variant.Name, cmp.Or(b.missing[i][name], "its sources do not time it"))
				return p, nil
			}
		}
		ratio, err := effect.LogRatio(g[0][name], g[1][name])
		if err != nil {
			p.Missing = err.Error()
			return p, nil
		}
		d, baseline = append(d, ratio), append(baseline, g[0][name]...)
	}
	slices.Sort(baseline)
	p.Baseline = baseline[len(baseline)/2]
	return p, d
}

// judge judges an operation by its interval. Worse takes more: it must hold beside all the others.
func (p *Primitive) judge(d []float64, rejected bool) {
	p.Verdict = effect.Inconclusive
	ratio, _, ok := effect.Estimate(d, primitiveLevel)
	if !ok {
		return
	}
	p.Ratio = &ratio
	if v := effect.Judge(ratio, primitiveMargin, false); v != effect.Worse || rejected {
		p.Verdict = v
	}
}
