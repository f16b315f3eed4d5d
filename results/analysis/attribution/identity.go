package attribution

import (
	"math"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// enoughForTail is how many handshakes there must be for the slowest hundredth to be ten.
const enoughForTail = 1000

// amount is what a row or a part is about: one class's time, the residual or the whole wall time of a handshake.
type amount func(h *account.Handshake) time.Duration

func ofClass(c account.Class) amount {
	return func(h *account.Handshake) time.Duration { return h.Time[c] }
}

func identityOf(all *collection, classes []account.Class, draws resamples) (i Identity) {
	i.Wall = all.row((*account.Handshake).Wall, draws)
	i.Wall.Share = 1
	for _, c := range classes {
		r := all.row(ofClass(c), draws)
		r.Class, r.Share = c, ratio(r.Mean.Value, i.Wall.Mean.Value)
		i.Rows = append(i.Rows, r)
	}
	i.Residual.P50, i.Residual.P99 = residuals(all.done)
	return i
}

func (all *collection) row(of amount, draws resamples) Row {
	n := len(all.done)
	totals := all.totals(of)
	means := draws.each(func(d drawn) float64 { return d.weighted(totals) })
	r := Row{Mean: draws.interval(meanAmount(all.done, of), means)}
	r.P50, r.P99 = meanAmount(all.done[n/4:n-n/4], of), r.Mean.Value
	if n >= enoughForP99 {
		r.P99 = meanAmount(slowest(all.done, 0.01), of)
	}
	return r
}

// totals sums an amount over the handshakes that ended in each window.
func (all *collection) totals(of amount) []total {
	sums := make([]total, len(all.windows))
	for _, h := range all.done {
		if h.window >= 0 {
			sums[h.window].sum += of(h.Handshake).Seconds()
			sums[h.window].count++
		}
	}
	return sums
}

// meanAmount is in seconds. It sums integers, so that the means of all classes and of the residual add up to that of
// the wall time but for the rounding of one division each.
func meanAmount(handshakes []timed, of amount) float64 {
	var sum time.Duration
	for _, h := range handshakes {
		sum += of(h.Handshake)
	}
	return ratio(sum.Seconds(), float64(len(handshakes)))
}

// slowest is the handshakes at or above the quantile 1-share of wall time, ties included.
func slowest(sorted []timed, share float64) []timed {
	if len(sorted) == 0 {
		return nil
	}
	edge := quantile(sorted, 1-share).Wall()
	first, _ := slices.BinarySearchFunc(sorted, edge, func(h timed, at time.Duration) int { return int(h.Wall() - at) })
	return sorted[first:]
}

// residuals is the size of what no class has, as a share of the wall time: its median and 99th percentile.
func residuals(done []timed) (p50, p99 float64) {
	var shares []float64
	for _, h := range done {
		if h.Wall() > 0 {
			shares = append(shares, math.Abs(float64(h.Residual()))/float64(h.Wall()))
		}
	}
	if len(shares) == 0 {
		return 0, 0
	}
	slices.Sort(shares)
	return quantile(shares, 0.5), quantile(shares, 0.99)
}

// phaseTimes is the mean of each phase, by class.
func phaseTimes(done []timed, phases int) []account.Times {
	sums, n := make([]account.Times, phases), time.Duration(0)
	for _, h := range done {
		if len(h.Phases) != phases {
			continue
		}
		n++
		for i, t := range h.Phases {
			sums[i].Add(t)
		}
	}
	for i := range sums {
		for c := range sums[i] {
			sums[i][c] /= max(n, 1)
		}
	}
	return sums
}

// varianceOf is each class's covariance with the wall time over the wall time's variance. They add up to 1 but for
// the residual's.
func varianceOf(done []timed, classes []account.Class) (shares []Share) {
	wall := meanAmount(done, (*account.Handshake).Wall)
	var variance float64
	for _, h := range done {
		variance += square(h.Wall().Seconds() - wall)
	}
	if variance == 0 {
		return nil
	}
	for _, c := range classes {
		var covariance float64
		m := meanAmount(done, ofClass(c))
		for _, h := range done {
			covariance += (h.Time[c].Seconds() - m) * (h.Wall().Seconds() - wall)
		}
		shares = append(shares, Share{c, covariance / variance})
	}
	return shares
}

func square(x float64) float64 { return x * x }
