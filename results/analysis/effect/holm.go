package effect

import (
	"cmp"
	"slices"
)

// Holm gives each of the hypotheses that share an error the level at which it is tested, in the order of p, their
// p-values. The smallest p of m is tested at the level of one among m, the next one at that of one among m-1 and so on,
// for as long as all before it are rejected, which is to say at most their level. The first that is not, and all after
// it, have the level at which that one failed. For a single look the level of one among n is alpha/n; for several it
// is [Pocock]'s for alpha/n.
func Holm(p []float64, level func(among int) float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	levels := make([]float64, len(p))
	at, rejected := 0.0, true
	for k, i := range order {
		if rejected {
			at = level(len(p) - k)
		}
		levels[i] = at
		rejected = rejected && p[i] <= at
	}
	return levels
}
