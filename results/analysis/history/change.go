package history

import (
	"math"
	"slices"
)

// What a change must have around it. A segment shorter than this could be a few spikes.
const (
	MinPoints  = 30 // of a series
	MinSegment = 5  // on each side of a change
)

const (
	level     = 1e-4 // two-sided p-value of the t-test that a change must not exceed
	weakLevel = 0.01 // likewise of a split that is looked at further: a part of it may be a change where it is none
)

// Options say which changes count.
type Options struct {
	Margin float64 // levels whose ratio is this close to 1 are the same to us: 0.02 is 2 %
}

// Change is a place where a series has another level from then on.
type Change struct {
	At            int     // index of the first value of the new level
	Before, After float64 // means of the values since the change before, and until the next
	P             float64 // of Welch's t-test between those; not the chance of a false find, since the place was chosen
}

// ChangePoints finds where the level of a series changes, in order. Values that are too few ([MinPoints]) or not all
// finite have no changes. The same values give the same changes: nothing is drawn by chance.
func ChangePoints(values []float64, o Options) []Change {
	if len(values) < MinPoints || slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
		return nil
	}
	s := series{values, distancesOf(values)}
	return s.strong(s.split(0, len(values)), o)
}

// series is values with what is summed up of them once.
type series struct {
	values    []float64
	distances distances
}

// split divides [from, to) at its best place while that place might be a change, then each part again.
func (s series) split(from, to int) []int {
	at, end := s.best(from, to)
	if at == 0 || welch(s.values[from:at], s.values[at:end]) > weakLevel {
		return nil
	}
	return slices.Concat(s.split(from, at), []int{at}, s.split(at, to))
}

// best is the split of [from, to) with the largest divergence, and where the part behind it ends: not always at to,
// so that a later change does not hide this one. Zero: there is no room for a split.
func (s series) best(from, to int) (at, end int) {
	most := math.Inf(-1)
	for i := from + MinSegment; i+MinSegment <= to; i++ {
		for j := i + MinSegment; j <= to; j++ {
			if d := s.distances.divergence(from, i, j); d > most {
				most, at, end = d, i, j
			}
		}
	}
	return at, end
}

// strong drops the weakest place that is no change between its neighbours, until all that are left are.
func (s series) strong(places []int, o Options) []Change {
	for {
		changes := s.changes(places)
		weakest := -1
		for i, c := range changes {
			if (c.P > level || !c.beyond(o.Margin)) && (weakest < 0 || c.P > changes[weakest].P) {
				weakest = i
			}
		}
		if weakest < 0 {
			return changes
		}
		places = slices.Delete(places, weakest, weakest+1)
	}
}

func (s series) changes(places []int) []Change {
	var all []Change
	edges := slices.Concat([]int{0}, places, []int{len(s.values)})
	for i, at := range places {
		before, after := s.values[edges[i]:at], s.values[at:edges[i+2]]
		all = append(all, Change{At: at, Before: mean(before), After: mean(after), P: welch(before, after)})
	}
	return all
}

// beyond says whether the levels differ by more than the margin.
func (c Change) beyond(margin float64) bool {
	return math.Abs(c.After-c.Before) > margin*min(math.Abs(c.Before), math.Abs(c.After))
}

// distances are the sums of |x[i]-x[j]| over all i below one index and j below another.
type distances [][]float64

func distancesOf(x []float64) distances {
	d := make(distances, len(x)+1)
	d[0] = make([]float64, len(x)+1)
	for i := range x {
		d[i+1] = make([]float64, len(x)+1)
		row := 0.0
		for j := range x {
			row += math.Abs(x[i] - x[j])
			d[i+1][j+1] = d[i][j+1] + row
		}
	}
	return d
}

// between is the sum over i in [a, b) and j in [c, e).
func (d distances) between(a, b, c, e int) float64 { return d[b][e] - d[a][e] - d[b][c] + d[a][c] }

// divergence is how much the values of [from, at) and of [at, end) differ in their distribution: the energy statistic
// Q of James and Matteson with exponent 1.
func (d distances) divergence(from, at, end int) float64 {
	n, m := float64(at-from), float64(end-at)
	across := d.between(from, at, at, end) / (n * m)
	left := d.between(from, at, from, at) / (n * (n - 1))
	right := d.between(at, end, at, end) / (m * (m - 1))
	return n * m / (n + m) * (2*across - left - right)
}
