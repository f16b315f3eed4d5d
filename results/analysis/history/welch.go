package history

import "math"

// welch is the two-sided p-value of Welch's t-test for equal means. It takes each side's own spread, so that a spike
// widens what its side may be instead of moving it. Degrees of freedom are rounded down.
func welch(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	vx, vy := variance(x, mx)/float64(len(x)), variance(y, my)/float64(len(y))
	switch {
	case vx+vy > 0:
		df := (vx + vy) * (vx + vy) / (vx*vx/float64(len(x)-1) + vy*vy/float64(len(y)-1))
		return student((mx-my)/math.Sqrt(vx+vy), max(1, int(df)))
	case mx == my:
		return 1
	}
	return 0
}

// student is the probability that Student's t of so many degrees of freedom is at least as far from zero as t.
// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
func student(t float64, df int) float64 {
	angle := math.Atan(math.Abs(t) / math.Sqrt(float64(df)))
	sin, cos := math.Sincos(angle)
	sum, term, first := 0.0, 1.0, 2
	if df%2 == 1 {
		term, first = cos, 3
	}
	for k := first; k <= df; k += 2 {
		sum += term
		term *= cos * cos * float64(k-1) / float64(k)
	}
	inside := sin * sum
	if df%2 == 1 {
		inside = (angle + inside) * 2 / math.Pi
	}
	return max(0, 1-inside)
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func variance(x []float64, mean float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(x)-1)
}
