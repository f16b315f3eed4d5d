package effect

import "math"

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

// The largest c with 2P(T <= c) <= alpha, and that probability, for the signed-rank statistic T of n groups that
// differ in nothing; c is -1 where there is none.
func critical(n int, alpha float64) (c int, p float64) {
	c = -1
	cumulated := 0.0
	for t, probability := range signedRank(n) {
		cumulated += 2 * probability
		if cumulated > alpha {
			break
		}
		c, p = t, cumulated
	}
	return c, p
}

// The lower half of the distribution of the signed-rank statistic: P(T = t) for t up to n(n+1)/4, the other half is
// its mirror image. Rank k is in the sum or not, each with probability 1/2, so the distribution for k ranks follows
// from that for k-1.
func signedRank(n int) []float64 {
	half := n * (n + 1) / 4
	p := make([]float64, half+1)
	p[0] = 1
	for k := 1; k <= n; k++ {
		for t := half; t >= 0; t-- {
			p[t] /= 2
			if t >= k {
				p[t] += p[t-k] / 2
			}
		}
	}
	return p
}
