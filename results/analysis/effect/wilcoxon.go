package effect

import (
	"math"
	"slices"
)

// MinP is the smallest two-sided p-value that n groups can attain, when all of them point the same way: 2/2^n. A
// design whose MinP exceeds alpha can never find anything.
func MinP(n int) float64 { return math.Min(1, math.Ldexp(1, 1-n)) }

// MinGroups is the smallest number of groups that can find a difference at level alpha: 6 at 0.05. Alpha is above 0.
func MinGroups(alpha float64) int {
	n := 1
	for MinP(n) > alpha {
		n++
	}
	return n
}

// PBeyond is the two-sided p-value of the exact Wilcoxon signed-rank test that the true ratio is at the bad edge of
// the margin: 1+margin, or 1/(1+margin) where more is better. It is 1 where the estimate is on the harmless side of
// that edge, or where there is no estimate. For any level below 1, PBeyond is at most the level exactly where [Judge]
// says [Worse] of the ratio that [Estimate] gives at that level.
//
// The statistic is the number of Walsh averages that are not beyond the edge, so neither ties nor groups that lie on
// the edge need a correction; the latter count for the candidate.
func PBeyond(d []float64, margin float64, higherIsBetter bool) float64 {
	if len(d) == 0 || slices.ContainsFunc(d, notFinite) {
		return 1
	}
	w, limit := walsh(d), 1+margin
	beyond := func(x float64) bool { return math.Exp(x) > limit }
	if higherIsBetter {
		slices.Reverse(w)
		beyond = func(x float64) bool { return math.Exp(x) < 1/limit }
	}
	harmless := slices.IndexFunc(w, beyond)
	half := signedRank(len(d))
	if harmless < 0 || harmless >= len(half) {
		return 1
	}
	p := 0.0
	for _, probability := range half[:harmless+1] {
		p += 2 * probability
	}
	return math.Min(1, p)
}

// The largest c with 2P(T <= c) <= alpha, and that probability, from the distribution of the signed-rank statistic T
// of groups that differ in nothing; c is -1 where there is none.
func critical(signedRank []float64, alpha float64) (c int, p float64) {
	c = -1
	cumulated := 0.0
	for t, probability := range signedRank {
		cumulated += 2 * probability
		if cumulated > alpha {
			break
		}
		c, p = t, cumulated
	}
	return c, p
}

// The lower half of the distribution of the signed-rank statistic: P(T = t) for t up to n(n+1)/4, the other half is
// its mirror image.
func signedRank(n int) []float64 {
	p := make([]float64, n*(n+1)/4+1)
	p[0] = 1
	for k := 1; k <= n; k++ {
		addRank(p, k)
	}
	return p
}

// Rank k is in the sum or not, each with probability 1/2, so the distribution for k ranks follows from that for k-1.
func addRank(p []float64, k int) {
	for t := len(p) - 1; t >= 0; t-- {
		p[t] /= 2
		if t >= k {
			p[t] += p[t-k] / 2
		}
	}
}
