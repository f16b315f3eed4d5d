package scorecard

import (
	"math"
	"slices"
	"time"
)

// quantiles are p50, p90, p99, p99.9 and the largest, each an observation; nil of nothing.
func quantiles(all []time.Duration) (out []time.Duration) {
	if len(all) == 0 {
		return nil
	}
	all = slices.Sorted(slices.Values(all))
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 1} {
		out = append(out, all[int(math.Ceil(q*float64(len(all))))-1])
	}
	return out
}
