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
	Baseline float64       // nanoseconds of CPU for one operation, median of all batches
	Ratio    *effect.Ratio // candidate/baseline, its interval at 95 %; nil: too few groups, or missing
	Verdict  effect.Verdict
	Missing  string // why a side does not have the operation; then there is no verdict
}

const (
	primitiveMargin = 0.03
	primitiveLevel  = 0.05       // two-sided error of an interval
	primitiveTurns  = 4          // ABBA or BAAB of them in a group, which takes about 2 s then
	primitiveStream = 0x7072696d // "prim": its random numbers are apart from others of the same seed
)

// Primitives times what handshakes are made of for two variants. A group is a fresh process of each, which take turns
// as ABBA or BAAB by the plan's seed. Six groups are the fewest that can find anything.
func (r *Run) Primitives(ctx context.Context, baseline, candidate string, groups int) ([]Primitive, error) {
	b, err := r.newBench(ctx, baseline, candidate)
	if err != nil {
		return nil, err
	}
	if err := b.calibrate(ctx); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(r.plan.Seed, primitiveStream))
	for n := range groups {
		r.lab.Speak(fmt.Sprintf("timing primitives of %s and %s: group %d of %d", baseline, candidate, n+1, groups))
		if err := b.group(ctx, random, primitiveTurns); err != nil {
			return nil, err
		}
	}
	return b.primitives(), nil
}

// primitives judges every operation that either side knows.
func (b *bench) primitives() (all []Primitive) {
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
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p := Primitive{Name: name}
		if err := b.judge(&p); err != nil {
			p.Missing = err.Error()
		}
		all = append(all, p)
	}
	return all
}

// judge fills in what was measured of an operation. The error says why there is nothing.
func (b *bench) judge(p *Primitive) error {
	var d, baseline []float64
	for _, g := range b.groups {
		for i, side := range b.sides {
			if g[i][p.Name] == nil {
				return fmt.Errorf("%s: %s", side.variant.Name, cmp.Or(b.missing[i][p.Name], "its sources do not time it"))
			}
		}
		ratio, err := effect.LogRatio(g[0][p.Name], g[1][p.Name])
		if err != nil {
			return err
		}
		d, baseline = append(d, ratio), append(baseline, g[0][p.Name]...)
	}
	slices.Sort(baseline)
	p.Baseline, p.Verdict = baseline[len(baseline)/2], effect.Inconclusive
	if ratio, _, ok := effect.Estimate(d, primitiveLevel); ok {
		p.Ratio, p.Verdict = &ratio, effect.Judge(ratio, primitiveMargin, false)
	}
	return nil
}
