package edge

import (
	"math"
	"slices"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// median is the median of some values, with its interval by order statistics at 95 %: the ranks that hold it by the
// normal approximation of the binomial, widened to whole ranks. There are values.
func median(name, unit string, values []float64) experiment.Measure {
	sorted := slices.Sorted(slices.Values(values))
	n := float64(len(sorted))
	half := 0.98 * math.Sqrt(n)
	at := func(rank float64) float64 { return sorted[int(min(max(rank, 1), n))-1] }
	low, high := at(math.Floor(n/2-half)), at(math.Ceil(n/2+half)+1)
	return experiment.Measure{Name: name, Unit: unit, Value: at(math.Ceil(n / 2)), Low: &low, High: &high, Of: uint64(len(sorted))}
}
