package effect

import (
	"math"
	"slices"
)

// Spread is a robust standard deviation of the log-ratios d of groups: one spiked group in ten adds a quarter to it,
// however high the spike. It is Qn of Rousseeuw and Croux (Alternatives to the median absolute deviation, 1993): a low
// quantile of the distances of all pairs, scaled to the standard deviation of normal numbers. It is NaN where d has
// fewer than two groups or holds what is not a finite number.
//
// Of ten groups it is itself uncertain by 30 %, of forty by 13 %.
func Spread(d []float64) float64 {
	n := len(d)
	if n < 2 || slices.ContainsFunc(d, notFinite) {
		return math.NaN()
	}
	distances := make([]float64, 0, n*(n-1)/2)
	for i := range d {
		for j := range i {
			distances = append(distances, math.Abs(d[i]-d[j]))
		}
	}
	slices.Sort(distances)
	h := n/2 + 1
	return 2.2219 * smallSample(n) * distances[h*(h-1)/2-1]
}

// What makes Qn unbiased for n normal numbers (Croux and Rousseeuw, Time-efficient algorithms for two highly robust
// estimators of scale, 1992).
func smallSample(n int) float64 {
	table := []float64{2: 0.399, 0.994, 0.512, 0.844, 0.611, 0.857, 0.669, 0.872}
	switch {
	case n < len(table):
		return table[n]
	case n%2 == 1:
		return float64(n) / (float64(n) + 1.4)
	}
	return float64(n) / (float64(n) + 3.8)
}
