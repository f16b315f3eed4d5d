package effect

import "math"

// Detectable is the smallest slowdown, as ratio-1, that a two-sided test at level finds beyond margin with the given
// power from so many groups whose log-ratios have that spread (see [Spread]). It is +Inf where no slowdown can be
// found, because [MinP] of the groups is above level, or where power is 1.
//
// # Why not normal numbers
//
// One group in ten is taken to be three times as spread as the others (Tukey's contaminated normal distribution): as
// normal numbers, the recorded series in testdata have 54 to 76 % power where 80 % is asked. This way they have 64 to
// 84 %, and groups that are normal 87 to 96 %. What no such number can promise: a spike that is larger than the
// slowdown and on the wrong side hides it from few groups. With one in ten groups spiked, looks at 2 % have 76 to 87 %
// power after 20 and 40 groups, but only about half after 10.
func Detectable(groups int, spread, margin, level, power float64) float64 {
	c, _ := critical(signedRank(groups), level)
	if c < 0 || power >= 1 {
		return math.Inf(1)
	}
	lo, hi := 0.0, 1.0
	for newShift(hi).power(groups, c) < power {
		hi *= 2
	}
	for hi-lo > 1e-6*hi {
		if middle := (lo + hi) / 2; newShift(middle).power(groups, c) < power {
			lo = middle
		} else {
			hi = middle
		}
	}
	return (1+margin)*math.Exp(hi*spread) - 1
}

// GroupsFor is the fewest groups with which a slowdown of this size, as ratio-1, is found beyond margin with the given
// power, by a test at level and with the spread of [Detectable]. It is 0 where that takes more groups than most, or
// where the slowdown is within the margin.
func GroupsFor(size, spread, margin, level, power float64, most int) int {
	beyond := math.Log(1+size) - math.Log(1+margin)
	if beyond <= 0 {
		return 0
	}
	s := newShift(beyond / spread)
	p := make([]float64, most*(most+1)/4+1)
	p[0] = 1
	for n := 1; n <= most; n++ {
		addRank(p, n)
		c, _ := critical(p[:n*(n+1)/4+1], level)
		if c >= 0 && s.power(n, c) >= power {
			return n
		}
	}
	return 0
}

// The share of groups that are noisier, and by which factor.
const noisyShare, noisier = 0.1, 3.0

// Distribution function and density of the log-ratio of a group, of mean 0 and spread 1.
func cumulative(x float64) float64 {
	return (1-noisyShare)*normal(x) + noisyShare*normal(x/noisier)
}

func density(x float64) float64 {
	wide := x / noisier
	return ((1-noisyShare)*math.Exp(-x*x/2) + noisyShare/noisier*math.Exp(-wide*wide/2)) / math.Sqrt(2*math.Pi)
}

// The distribution function of the standard normal distribution.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// shift is how likely Walsh averages are not beyond the edge of the margin.
type shift struct {
	one  float64 // a single group
	pair float64 // the mean of two
	both float64 // the means of one with two others, both of them
}

// The groups have spread 1 and this mean beyond the edge.
func newShift(mean float64) shift {
	s := shift{one: cumulative(-mean)}
	for _, group := range simpson(-8*noisier, 8*noisier, 1.0/8) {
		weight, other := group.weight*density(group.x), cumulative(-group.x-2*mean)
		s.pair += weight * other
		s.both += weight * other * other
	}
	return s
}

// The probability that at most c Walsh averages of n groups are not beyond the edge: their number has the mean and the
// variance of Lehmann (Nonparametrics, section 4.2) and is taken to follow a gamma distribution, by the approximation
// of Wilson and Hilferty.
func (s shift) power(n, c int) float64 {
	g := float64(n)
	pairs, triples := g*(g-1)/2, g*(g-1)*(g-2)
	mean := g*s.one + pairs*s.pair
	variance := g*s.one*(1-s.one) +
		pairs*(2*(s.one-s.pair)*(s.one-s.pair)+3*s.pair*(1-s.pair)) +
		triples*(s.both-s.pair*s.pair)
	if mean*mean <= 0 || variance <= 0 { // far beyond: underflow
		return 1
	}
	shape := mean * mean / variance
	return normal(3 * math.Sqrt(shape) * (math.Cbrt((float64(c)+0.5)/mean) - 1 + 1/(9*shape)))
}
