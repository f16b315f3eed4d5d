package effect

import "math"

// Pocock is the nominal two-sided level of each look so that all looks together keep to alpha, for looks after these
// numbers of groups, which increase. One look has alpha itself.
//
// The chance of an alarm at any look comes from the recursion of Armitage, McPherson and Rowe (Repeated significance
// tests on accumulating data, 1969): the density of the sum so far, of runs that are still undecided, is integrated
// from look to look. The information of a look is its number of groups.
func Pocock(looks []int, alpha float64) float64 {
	if len(looks) < 2 {
		return alpha
	}
	lo, hi := alpha/float64(len(looks)), alpha
	for hi-lo > 1e-7*alpha {
		if level := (lo + hi) / 2; everBeyond(looks, level) <= alpha {
			lo = level
		} else {
			hi = level
		}
	}
	return lo
}

// The probability that a sum of standard normal numbers is significant at a two-sided level at one of the looks.
func everBeyond(looks []int, level float64) float64 {
	bound := math.Sqrt2 * math.Erfcinv(level)
	groups := append([]int{0}, looks...)
	var sums []node
	for i := 1; i < len(groups); i++ {
		variance := float64(groups[i] - groups[i-1])
		finest := variance
		if i+1 < len(groups) {
			finest = min(variance, float64(groups[i+1]-groups[i]))
		}
		next := simpson(0, bound*math.Sqrt(float64(groups[i])), math.Sqrt(finest)/4)
		for j := range next {
			next[j].weight *= arrival(sums, next[j].x, variance)
		}
		sums = next
	}
	undecided := 0.0
	for _, s := range sums {
		undecided += 2 * s.weight
	}
	return 1 - undecided
}

// The density of a sum that is one of sums, or their mirror image, plus a normal number of this variance. Before the
// first look the sum is zero.
func arrival(sums []node, x, variance float64) float64 {
	scale := 1 / math.Sqrt(2*math.Pi*variance)
	if sums == nil {
		return scale * math.Exp(-x*x/(2*variance))
	}
	density := 0.0
	for _, s := range sums {
		density += s.weight * (math.Exp(-(x-s.x)*(x-s.x)/(2*variance)) + math.Exp(-(x+s.x)*(x+s.x)/(2*variance)))
	}
	return density * scale
}

// node is one point of a numerical integration.
type node struct{ x, weight float64 }

// Simpson's rule from a to b in steps of at most step, and at least 32 of them.
func simpson(a, b, step float64) []node {
	n := max(32, 2*int(math.Ceil((b-a)/(2*step))))
	h := (b - a) / float64(n)
	nodes := make([]node, n+1)
	for i := range nodes {
		nodes[i] = node{a + float64(i)*h, h / 3 * float64(2+2*(i%2))}
	}
	nodes[0].weight, nodes[n].weight = h/3, h/3
	return nodes
}
