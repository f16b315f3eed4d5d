package attribution

import "math"

// studentTail is the probability that a Student t of so many degrees of freedom is at least as far from zero as t.
// W. H. Press and others, Numerical Recipes, section 6.14: I(df/(df+t²); df/2, 1/2).
func studentTail(t, df float64) float64 {
	if math.IsInf(t, 0) {
		return 0
	}
	return incompleteBeta(df/(df+t*t), df/2, 0.5)
}

// studentQuantile is the t that is exceeded, on either side, with probability alpha.
func studentQuantile(alpha, df float64) float64 {
	low, high := 0.0, 1.0
	for studentTail(high, df) > alpha {
		high *= 2
	}
	for range 60 {
		if middle := (low + high) / 2; studentTail(middle, df) > alpha {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// incompleteBeta is the regularised incomplete beta function I(x; a, b), by the continued fraction on the side of the
// mode where it converges fast.
func incompleteBeta(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return math.Min(math.Max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(1-x, b, a)
	}
	ga, _ := math.Lgamma(a)
	gb, _ := math.Lgamma(b)
	gab, _ := math.Lgamma(a + b)
	return math.Exp(gab-ga-gb+a*math.Log(x)+b*math.Log1p(-x)) / (a * betaFraction(x, a, b))
}

// betaFraction is evaluated from its innermost term outwards: 200 terms are enough for all a and b below some 10,000.
func betaFraction(x, a, b float64) float64 {
	f := 1.0
	for m := 200.0; m >= 1; m-- {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		f = 1 + even/f
		odd := -(a + m - 1) * (a + b + m - 1) * x / ((a + 2*m - 2) * (a + 2*m - 1))
		f = 1 + odd/f
	}
	return f
}
