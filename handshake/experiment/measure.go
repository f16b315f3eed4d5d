package experiment

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Count is a measure that counts some of all: 3 rpcs out of 386.
func Count[N ~int | ~uint64](name, unit string, some, all N) Measure {
	return Measure{Name: name, Unit: unit, Value: float64(some), Of: uint64(all)}
}

// Seconds is a measure of one duration.
func Seconds(name string, d time.Duration) Measure {
	return Measure{Name: name, Unit: "s", Value: d.Seconds(), Of: 1}
}

// Quantiles are the median, p99 and maximum of some durations, by the names NAME_p50, NAME_p99 and NAME_max, each
// quantile with its interval by order statistics at 95 %. One that the sample does not support is left out.
func Quantiles(name string, all []time.Duration) (measures []Measure) {
	sorted := slices.Sorted(slices.Values(all))
	for _, q := range []float64{0.5, 0.99} {
		if m, ok := quantile(sorted, q); ok {
			m.Name = fmt.Sprintf("%s_p%g", name, 100*q)
			measures = append(measures, m)
		}
	}
	if n := len(sorted); n > 0 {
		measures = append(measures, Measure{Name: name + "_max", Unit: "s", Value: sorted[n-1].Seconds(), Of: uint64(n)})
	}
	return measures
}

// quantile is the smallest value that has at least the share q at or below it. Its interval is between the order
// statistics that hold it with 95 % confidence by the normal approximation of the binomial, widened to whole ranks;
// without a rank above, the upper end is the maximum. It takes 1/(1-q) values.
func quantile(sorted []time.Duration, q float64) (Measure, bool) {
	n := float64(len(sorted))
	if n < math.Max(2, 1/(1-q)) {
		return Measure{}, false
	}
	half := 1.96 * math.Sqrt(n*q*(1-q))
	at := func(rank float64) float64 { return sorted[int(min(max(rank, 1), n))-1].Seconds() }
	low, high := at(math.Floor(n*q-half)), at(math.Ceil(n*q+half)+1)
	return Measure{Unit: "s", Value: at(math.Ceil(n * q)), Low: &low, High: &high, Of: uint64(len(sorted))}, true
}
