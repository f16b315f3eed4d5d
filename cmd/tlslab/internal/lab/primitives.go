package lab

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/results"
)

const (
	primitiveRounds = 2          // of turns in a group, each there and back; scenarios.Plan.Estimate knows how long they take
	primitiveStream = 0x7072696d // "prim": its random numbers are apart from others of the same seed
)

// Primitives times what handshakes and records are made of, for all variants of the plan in one run: a counter of
// instructions does not see what the hardware makes of them. A group is a fresh process of each variant, which take
// turns in an order by the plan's seed, and back in its reverse. It judges nothing.
func (r *Run) Primitives(ctx context.Context, groups int) (*results.Primitives, error) {
	b, err := r.newBench(ctx)
	if err != nil {
		return nil, err
	}
	return b.run(ctx, groups)
}

// bench times the operations of all variants, the baseline first.
type bench struct {
	sides  []*benchSide
	cpus   []int // the baseline server's, for all
	seed   uint64
	rounds int
	speak  func(string)
	groups [][]batches // by group, then side
}

// batches are nanoseconds for one operation, batch by batch, by operation.
type batches map[string][]float64

// run measures the groups.
func (b *bench) run(ctx context.Context, groups int) (*results.Primitives, error) {
	if err := b.calibrate(ctx); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(b.seed, primitiveStream))
	for n := range groups {
		b.speak(fmt.Sprintf("timing single operations: group %d of %d", n+1, groups))
		if err := b.group(ctx, random); err != nil {
			return nil, err
		}
	}
	return b.result(), nil
}

// calibrate lets each variant find out how many operations make a batch, once for all its processes.
func (b *bench) calibrate(ctx context.Context) error {
	for _, s := range b.sides {
		t, err := s.start(ctx, b.cpus)
		if err != nil {
			return err
		}
		t.stop()
		s.operations, s.order.Iterations = known(t.ready), t.ready.Iterations
		alike(b.sides[0].order.Iterations, s.order.Iterations)
	}
	return nil
}

// alike makes batches of as many operations as the baseline's, but of those that take less than half or more than twice
// the time: a turn is to last as long on all sides.
func alike(baseline, own map[string]int) {
	for name, n := range baseline {
		if own[name] > n/2 && own[name] < 2*n {
			own[name] = n
		}
	}
}

// group starts a fresh process of each side and lets them take turns.
func (b *bench) group(ctx context.Context, random *rand.Rand) error {
	timers, measured := make([]*timer, len(b.sides)), make([]batches, len(b.sides))
	for _, side := range random.Perm(len(b.sides)) {
		t, err := b.sides[side].start(ctx, b.cpus)
		if err != nil {
			return err
		}
		defer t.stop()
		timers[side], measured[side] = t, batches{}
		maps.Copy(b.sides[side].missing, t.ready.Missing)
	}
	for range b.rounds {
		for _, side := range thereAndBack(random.Perm(len(b.sides))) {
			turn, err := timers[side].turn()
			if err != nil {
				return cmp.Or(context.Cause(ctx), err)
			}
			for name, ns := range turn {
				measured[side][name] = append(measured[side][name], math.Round(ns*100)/100)
			}
		}
	}
	b.groups = append(b.groups, measured)
	return nil
}

// thereAndBack is an order and its reverse, so that a drift hits all alike.
func thereAndBack(order []int) []int {
	back := slices.Clone(order)
	slices.Reverse(back)
	return append(order, back...)
}

// result is every operation that any side knows.
func (b *bench) result() *results.Primitives {
	p := &results.Primitives{Groups: len(b.groups)}
	for _, o := range b.operations() {
		one := results.Operation{Name: o.Name, Bytes: o.Bytes, Times: map[string][][]float64{}, Missing: map[string]string{}}
		for i, s := range b.sides {
			if times, why := b.times(o.Name, i); why == "" {
				one.Times[s.variant.Name] = times
			} else {
				one.Missing[s.variant.Name] = cmp.Or(s.missing[o.Name], why)
			}
		}
		p.Operations = append(p.Operations, one)
	}
	return p
}

// operations are the baseline's, then what only the others know. Older sources do not know amounts.
func (b *bench) operations() (all []counted.Operation) {
	for _, s := range b.sides {
		for _, o := range s.operations {
			at := slices.IndexFunc(all, func(known counted.Operation) bool { return known.Name == o.Name })
			if at < 0 {
				all = append(all, o)
			} else {
				all[at].Bytes = max(all[at].Bytes, o.Bytes)
			}
		}
	}
	return all
}

// times are one operation's on one side, and why there are none where a group has none.
func (b *bench) times(name string, side int) (groups [][]float64, why string) {
	for _, g := range b.groups {
		switch times := g[side][name]; {
		case len(times) == 0:
			return nil, "its sources do not time it"
		case slices.Min(times) <= 0:
			return nil, "a batch took no time that could be measured"
		default:
			groups = append(groups, times)
		}
	}
	return groups, ""
}
