package attribution

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// residualName is the part that no class has. It is listed only where there is one.
const residualName = "residual"

// component is an amount with its name.
type component struct {
	name string
	of   amount
}

// components are the classes, and the residual where some handshake has one: together they are the wall time.
func components(classes []account.Class, done []timed) (all []component) {
	for _, c := range classes {
		all = append(all, component{c.String(), ofClass(c)})
	}
	if slices.ContainsFunc(done, func(h timed) bool { return h.Residual() != 0 }) {
		all = append(all, component{residualName, (*account.Handshake).Residual})
	}
	return all
}

func tailOf(all *collection, classes []account.Class, draws resamples, seed uint64) *Tail {
	if len(all.done) < enoughForTail {
		return nil
	}
	slow, usual := slowest(all.done, 0.01), fastHalf(all.done)
	t := &Tail{Slow: len(slow), Usual: len(usual)}
	parts := components(classes, all.done)
	rows := append(slices.Clone(parts), component{"", (*account.Handshake).Wall})
	values := all.tailValues(rows, usual, draws)
	t.Wall = draws.interval(gapOf(slow, usual, (*account.Handshake).Wall), values[len(parts)])
	for i, p := range parts {
		value := gapOf(slow, usual, p.of)
		t.Parts = append(t.Parts, Part{p.name, draws.interval(value, values[i]), ratio(value, t.Wall.Value)})
	}
	largestFirst(t.Parts)
	t.Operations = all.tailOperations(seed)
	return t
}

// fastHalf is the handshakes at or below the median wall time, ties included.
func fastHalf(sorted []timed) []timed {
	edge := quantile(sorted, 0.5).Wall()
	return sorted[:sort.Search(len(sorted), func(i int) bool { return sorted[i].Wall() > edge })]
}

func gapOf(slow, usual []timed, of amount) float64 {
	return meanAmount(slow, of) - meanAmount(usual, of)
}

// tailValues is what the tail's rows come to in each resample of the windows. The slowest hundredth is chosen anew
// each time, for where the tail begins is an estimate too; the median is known so well that its half is kept.
func (all *collection) tailValues(rows []component, usual []timed, draws resamples) [][]float64 {
	values := make([][]float64, len(rows))
	ordinary := make([][]total, len(rows))
	for r, row := range rows {
		ordinary[r] = (&collection{windows: all.windows, done: usual}).totals(row.of)
	}
	counts := all.totals((*account.Handshake).Wall)
	for _, d := range draws.draws {
		slow := all.slowestOf(d, counts, rows)
		for r := range rows {
			values[r] = append(values[r], slow[r]-d.weighted(ordinary[r]))
		}
	}
	return values
}

// slowestOf is the mean of each row over the slowest hundredth of a resample.
func (all *collection) slowestOf(d drawn, counts []total, rows []component) []float64 {
	size := 0.0
	for w, n := range d {
		size += float64(n) * counts[w].count
	}
	sums, got, want := make([]float64, len(rows)), 0.0, math.Max(1, math.Floor(size/100))
	for i := len(all.done) - 1; i >= 0 && got < want; i-- {
		h := all.done[i]
		if h.window < 0 || d[h.window] == 0 {
			continue
		}
		n := float64(d[h.window])
		got += n
		for r := range rows {
			sums[r] += n * rows[r].of(h.Handshake).Seconds()
		}
	}
	for r := range sums {
		sums[r] /= got
	}
	return sums
}

func largestFirst(parts []Part) {
	slices.SortStableFunc(parts, func(a, b Part) int {
		return cmp.Compare(math.Abs(b.Value.Value), math.Abs(a.Value.Value))
	})
}

// tailOperations is what the CPU does more of, for each handshake, in the slowest tenth of the windows than in the
// faster half: shares of the samples there times the exact CPU time there.
func (all *collection) tailOperations(seed uint64) []Part {
	windows := slices.DeleteFunc(slices.Clone(all.windows), func(s stretch) bool {
		return s.samples == 0 || s.Handshakes == 0
	})
	if len(windows) < fewestWindows {
		return nil
	}
	slices.SortStableFunc(windows, func(a, b stretch) int { return cmp.Compare(a.Tracked, b.Tracked) })
	slow, usual := windows[len(windows)-len(windows)/10:], windows[:len(windows)/2]
	whole := cpuOf(slow).sum - cpuOf(usual).sum
	rng := rand.New(rand.NewPCG(seed, 1))
	names, values := sortedKeys(operationTimes(windows)), map[string][]float64{}
	for range rounds / 2 {
		s, u := operationTimes(draw(slow, rng)), operationTimes(draw(usual, rng))
		for _, name := range names {
			values[name] = append(values[name], s[name]-u[name])
		}
	}
	var parts []Part
	s, u := operationTimes(slow), operationTimes(usual)
	for _, name := range names {
		value := s[name] - u[name]
		parts = append(parts, Part{name, between(value, values[name]), ratio(value, whole)})
	}
	largestFirst(parts)
	return parts
}

func draw(windows []stretch, rng *rand.Rand) []stretch {
	some := make([]stretch, len(windows))
	for i := range some {
		some[i] = windows[rng.IntN(len(windows))]
	}
	return some
}

// cpuOf is the on-CPU time for each handshake of some windows, in seconds.
func cpuOf(windows []stretch) total {
	var busy time.Duration
	t := total{}
	for i := range windows {
		busy += windows[i].threads[account.User] + windows[i].threads[account.Kernel]
		t.count += float64(windows[i].Handshakes)
	}
	t.sum = ratio(busy.Seconds(), t.count)
	return t
}

func operationTimes(windows []stretch) map[string]float64 {
	times, samples, cpu := map[string]float64{}, 0.0, cpuOf(windows).sum
	for i := range windows {
		samples += float64(windows[i].samples)
		for name, n := range windows[i].operations {
			times[name] += float64(n)
		}
	}
	for name := range times {
		times[name] *= ratio(cpu, samples)
	}
	return times
}

func sortedKeys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
