package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

const (
	falseDiscoveries = 0.05 // the share of notable pairs that may be false
	maxLag           = 3
	maxRotations     = 600
)

// quantity is one number for each window.
type quantity struct {
	kind, name string
	values     []float64
	seconds    bool // per handshake: a part of its wall time, or work of the process on its behalf
}

// quantities are what may go with a slow window. What is the same in all of them goes with nothing and is left out.
func (all *collection) quantities(classes []account.Class) (list []quantity) {
	add := func(kind, name string, seconds bool, of func(s *stretch) float64) {
		q := quantity{kind, name, make([]float64, len(all.windows)), seconds}
		for i := range all.windows {
			q.values[i] = of(&all.windows[i])
		}
		if len(q.values) > 0 && slices.Min(q.values) != slices.Max(q.values) {
			list = append(list, q)
		}
	}
	for _, c := range classes {
		add("class", c.String(), true, func(s *stretch) float64 { return s.perHandshake(s.time[c]) })
	}
	for c := range account.Class(account.Classes) {
		add("thread", c.String(), false, func(s *stretch) float64 { return s.Threads[c] })
	}
	for _, name := range all.names(func(s *stretch) map[string]time.Duration { return s.syscalls }) {
		add("syscall", name, true, func(s *stretch) float64 { return s.perHandshake(s.syscalls[name]) })
	}
	for _, name := range all.names(func(s *stretch) map[string]time.Duration { return s.files }) {
		add("file", name, true, func(s *stretch) float64 { return s.perHandshake(s.files[name]) })
	}
	for _, name := range all.operations() {
		add("operation", name, false, func(s *stretch) float64 {
			return ratio(float64(s.operations[name]), float64(s.samples))
		})
	}
	add("runtime", "GC cycles", false, func(s *stretch) float64 { return float64(s.GCCycles) })
	add("runtime", "other processes", false, func(s *stretch) float64 {
		return ratio(s.others.Seconds(), s.Length.Seconds())
	})
	return list
}

// names are the keys of a map in any window, sorted.
func (all *collection) names(of func(s *stretch) map[string]time.Duration) []string {
	seen := map[string]bool{}
	for i := range all.windows {
		for name := range of(&all.windows[i]) {
			seen[name] = true
		}
	}
	return sortedKeys(seen)
}

func (all *collection) operations() []string {
	seen := map[string]bool{}
	for i := range all.windows {
		for name := range all.windows[i].operations {
			seen[name] = true
		}
	}
	return sortedKeys(seen)
}

// correlate compares each quantity with the tracked latency, window by window. Ranks are taken once; resamples and
// shifts then compare ranks, which is fast and differs from ranking each anew by less than the interval's width.
func correlate(windows []stretch, quantities []quantity, seed uint64) ([]Correlation, *account.Gap) {
	used := occupied(windows)
	if len(used) < fewestWindows {
		return nil, &account.Gap{What: "correlations",
			Reason: fmt.Sprintf("%d windows hold handshakes, too few to say what goes with what: %d are needed",
				len(used), fewestWindows),
			Hint: "observe for longer, or with more handshakes per second"}
	}
	l := latencyOf(windows, used, seed)
	all := make([]Correlation, len(quantities))
	for i, q := range quantities {
		all[i] = l.with(q, used)
	}
	markNotable(all)
	slices.SortStableFunc(all, func(a, b Correlation) int {
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(math.Abs(b.Rho.Value), math.Abs(a.Rho.Value)))
	})
	return all, nil
}

// occupied are the windows that a handshake ended in: others have no latency.
func occupied(windows []stretch) (used []int) {
	for i := range windows {
		if windows[i].Handshakes > 0 {
			used = append(used, i)
		}
	}
	return used
}

// latency is the tracked latency in the form in which every quantity is compared with it: ranks, their mean taken off,
// their length one, so that a correlation is a sum of products.
type latency struct {
	tracked, rate []float64
	block         int          // windows that remember each other
	draws         resamples    // of the windows
	pairs         [][]neighbor // for each lag from -maxLag to maxLag
}

// neighbor is two windows of the same block of the run, so many lags apart.
type neighbor struct{ quantity, latency int }

func latencyOf(windows []stretch, used []int, seed uint64) *latency {
	var tracked, rate []float64
	for _, i := range used {
		tracked, rate = append(tracked, windows[i].Tracked), append(rate, windows[i].Rate)
	}
	l := &latency{tracked: unitRanks(tracked), rate: unitRanks(rate)}
	l.block = blockLength(l.tracked)
	l.draws = resample(len(used), l.block, seed)
	for lag := -maxLag; lag <= maxLag; lag++ {
		l.pairs = append(l.pairs, neighbors(windows, used, lag))
	}
	return l
}

// neighbors pairs each window with the one that is lag windows later in the same block.
func neighbors(windows []stretch, used []int, lag int) (pairs []neighbor) {
	for i, at := range used {
		j, found := slices.BinarySearch(used, at+lag)
		if found && windows[at].block == windows[used[j]].block {
			pairs = append(pairs, neighbor{i, j})
		}
	}
	return pairs
}

// with correlates a quantity with the latency.
func (l *latency) with(q quantity, used []int) Correlation {
	values := make([]float64, len(used))
	for i, at := range used {
		values[i] = q.values[at]
	}
	x := unitRanks(values)
	rho := dot(x, l.tracked)
	c := Correlation{Kind: q.kind, Name: q.name}
	c.Rho = l.draws.interval(rho, l.draws.each(func(d drawn) float64 { return d.correlation(x, l.tracked) }))
	c.Rho.Low, c.Rho.High = max(c.Rho.Low, -1), min(c.Rho.High, 1)
	c.Partial = partial(rho, dot(x, l.rate), dot(l.tracked, l.rate))
	c.Lag = l.lag(x)
	c.P = l.probability(x, rho)
	return c
}

// correlation is Pearson's, in one resample; NaN where one side does not vary.
func (d drawn) correlation(x, y []float64) float64 {
	var n, sx, sy, sxx, syy, sxy float64
	for i, times := range d {
		m := float64(times)
		mx, my := m*x[i], m*y[i]
		n, sx, sy = n+m, sx+mx, sy+my
		sxx, syy, sxy = sxx+mx*x[i], syy+my*y[i], sxy+mx*y[i]
	}
	return (sxy - sx*sy/n) / math.Sqrt((sxx-sx*sx/n)*(syy-sy*sy/n))
}

// lag is where the correlation is strongest: positive where the quantity comes first.
func (l *latency) lag(x []float64) (best int) {
	strongest := math.Abs(l.at(x, 0))
	for lag := -maxLag; lag <= maxLag; lag++ {
		if r := math.Abs(l.at(x, lag)); r > strongest {
			strongest, best = r, lag
		}
	}
	return best
}

func (l *latency) at(x []float64, lag int) float64 {
	var a, b []float64
	for _, p := range l.pairs[lag+maxLag] {
		a, b = append(a, x[p.quantity]), append(b, l.tracked[p.latency])
	}
	return dot(standard(a), standard(b))
}

// probability is that of a correlation at least as strong were the two series unrelated. Unrelated series are made by
// rotating one against the other, which leaves the memory of both as it is, unlike a shuffle; how far the rotations'
// correlations spread says as how many independent windows these count, and Student's t does the rest. Rotations
// alone could give no probability below 1/windows, too coarse for many comparisons.
//
// A. K. Pyper and R. M. Peterman, Comparison of methods to account for autocorrelation in correlation analyses of fish
// data, Canadian Journal of Fisheries and Aquatic Sciences 55 (1998), on the effective number.
func (l *latency) probability(x []float64, rho float64) float64 {
	n := len(x)
	variance, rotations := 0.0, 0.0
	far := max(l.block, maxLag+1)
	step := max(1, float64(n-2*far)/maxRotations)
	for shift := float64(far); shift <= float64(n-far); shift += step {
		k := int(shift)
		r := dot(x[k:], l.tracked[:n-k]) + dot(x[:k], l.tracked[n-k:])
		variance += r * r
		rotations++
	}
	variance = max(ratio(variance, rotations), 1/float64(n-1))
	df := max(1/variance-1, 1)
	return studentTail(rho*math.Sqrt(df/max(1-rho*rho, 1e-12)), df)
}

// partial is the correlation of x and y with that of both with z taken out; 0 where z leaves nothing over.
func partial(xy, xz, yz float64) float64 {
	rest := (1 - xz*xz) * (1 - yz*yz)
	if rest < 1e-9 {
		return 0
	}
	return min(max((xy-xz*yz)/math.Sqrt(rest), -1), 1)
}

// markNotable is the procedure of Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the
// Royal Statistical Society B 57 (1995): the largest k whose k-th smallest probability is at most k/n of the rate.
func markNotable(all []Correlation) {
	var p []float64
	for _, c := range all {
		p = append(p, c.P)
	}
	slices.Sort(p)
	limit := -1.0
	for i := range p {
		if p[i] <= falseDiscoveries*float64(i+1)/float64(len(p)) {
			limit = p[i]
		}
	}
	for i := range all {
		all[i].Notable = all[i].P <= limit
	}
}

// unitRanks are ranks, ties by their mean, with the mean taken off and the length one.
func unitRanks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return standard(ranks)
}

// standard takes the mean off and makes the length one; what does not vary becomes zeros.
func standard(values []float64) []float64 {
	m, length := mean(values), 0.0
	u := make([]float64, len(values))
	for i, v := range values {
		u[i] = v - m
		length += u[i] * u[i]
	}
	for i := range u {
		u[i] = ratio(u[i], math.Sqrt(length))
	}
	return u
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}
