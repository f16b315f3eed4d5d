package attribution

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Windows that follow each other are alike, so they are drawn in blocks of neighbours: at least five, more where the
// tracked latency remembers longer. The series is closed to a ring, so that every window is drawn equally often.
//
// H. R. Künsch, The jackknife and the bootstrap for general stationary observations, Annals of Statistics 17 (1989);
// D. N. Politis and J. P. Romano, A circular block-resampling procedure for stationary data (1992).
const (
	rounds        = 400
	shortestBlock = 5
	fewestWindows = 20 // four blocks; fewer say nothing about how windows differ
	forgotten     = 0.1

	normalQuantile = 1.959964 // 97.5 % of normal values are below
)

// drawn says how often each window is in one resample.
type drawn []uint16

// resamples are many draws of as many windows as there are. Since n windows are only n/block draws, their spread is
// too small by the same factors as that of a small sample: wider makes up for it, as Student's t does for the normal.
type resamples struct {
	draws []drawn
	wider float64
}

// resample draws none where there are too few windows.
func resample(windows, block int, seed uint64) resamples {
	if windows < fewestWindows {
		return resamples{}
	}
	blocks := float64(windows) / float64(block)
	r := resamples{wider: studentQuantile(0.05, blocks-1) / normalQuantile * math.Sqrt(blocks/(blocks-1))}
	rng := rand.New(rand.NewPCG(seed, uint64(windows)))
	for range rounds {
		r.draws = append(r.draws, drawBlocks(windows, block, rng))
	}
	return r
}

func drawBlocks(windows, block int, rng *rand.Rand) drawn {
	d := make(drawn, windows)
	for n := 0; n < windows; {
		for at, left := rng.IntN(windows), block; left > 0 && n < windows; left-- {
			d[at]++
			at = (at + 1) % windows
			n++
		}
	}
	return d
}

// each is what a statistic comes to in every resample.
func (r resamples) each(statistic func(d drawn) float64) []float64 {
	values := make([]float64, len(r.draws))
	for i, d := range r.draws {
		values[i] = statistic(d)
	}
	return values
}

// interval is that of a value from what it came to in the resamples.
func (r resamples) interval(value float64, values []float64) Interval {
	i := between(value, values)
	i.Low, i.High = value-r.wider*(value-i.Low), value+r.wider*(i.High-value)
	return i
}

// blockLength is the first lag at which a series has forgotten itself, five at least, a quarter of it at most.
func blockLength(values []float64) int {
	longest := max(len(values)/4, 1)
	for lag := shortestBlock; lag < longest; lag++ {
		if autocorrelation(values, lag) < forgotten {
			return lag
		}
	}
	return max(min(shortestBlock, longest), 1)
}

func autocorrelation(values []float64, lag int) float64 {
	m := mean(values)
	var with, all float64
	for i, v := range values {
		all += (v - m) * (v - m)
		if i >= lag {
			with += (v - m) * (values[i-lag] - m)
		}
	}
	return ratio(with, all)
}

// between is the interval of a value by the percentiles of what its resamples came to; unknown without any.
func between(value float64, values []float64) Interval {
	i := Interval{Value: value, Low: value, High: value}
	values = slices.DeleteFunc(values, math.IsNaN)
	if len(values) == 0 {
		return i
	}
	slices.Sort(values)
	i.Low, i.High = min(quantile(values, 0.025), value), max(quantile(values, 0.975), value)
	i.Known = true
	return i
}

// total is a sum over handshakes for each window, with how many they were.
type total struct{ sum, count float64 }

// weighted is the mean over handshakes in one resample; NaN where that has none.
func (d drawn) weighted(windows []total) float64 {
	var t total
	for w, n := range d {
		t.sum += float64(n) * windows[w].sum
		t.count += float64(n) * windows[w].count
	}
	return t.sum / t.count
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return ratio(sum, float64(len(values)))
}
