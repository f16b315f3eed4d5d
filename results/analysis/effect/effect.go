// Package effect turns the log-ratios of groups into a ratio with an exact interval and a verdict.
//
// The unit that counts is the group: the blocks of a baseline and of a candidate that ran next to each other in
// time, in random order. [LogRatio] makes one number of a group. If there is no difference between the two sides,
// that number is as likely to be positive as negative, whatever else the machine was doing, since chance alone
// decided which side ran when. This is all that [Estimate] assumes: not that the numbers are normal, nor that the
// machine was quiet.
//
// [Estimate] gives the Hodges-Lehmann estimate, the median of the means of all pairs of groups, and the interval of
// all ratios that the exact Wilcoxon signed-rank test does not reject (Hollander and Wolfe, Nonparametric Statistical
// Methods, section 3.2 and 3.3). [Judge] compares the interval, not the point, with a margin.
//
// # Why logarithms
//
// A candidate that takes twice as long and one that takes half as long are equally far from the baseline. On the log
// scale that is so, and a drift that grows linearly within ABBA cancels.
//
// # Why not a bootstrap
//
// With 5 to 20 groups, percentile bootstrap intervals are too narrow: they find differences between identical
// sides in one comparison out of ten. The tests of this package measure that rate for the method here.
//
// # Why looks
//
// A candidate that is 10 % slower shows after 10 groups, one that is 3 % slower takes 40. So a run may look at its
// groups more than once and stop when it knows. But who looks after 10, 20 and 40 groups, each time at 5 %, finds a
// difference between identical sides in 11 runs of 100. [Pocock] gives the level, 2.1 %, at which each of these looks
// has to test so that all together keep to 5 %. It is the same for every look, as the early ones should be able to
// decide.
//
// # Why Holm
//
// 24 gates that are each tested at 5 % find something in 71 % of the runs of a change that does nothing, if they are
// independent. [Holm] lets a family of gates share the 5 %, whether or not they are: the gate with the smallest p-value
// gets a 24th of it, and once that one is found the next gets a 23rd. The price is groups: below 10 of them [MinP] is
// above a 24th of 5 %, and such a gate can never fail. The p-value is that of [PBeyond], and the interval at the level
// that Holm gives says [Worse] exactly where Holm rejects.
package effect

import (
	"fmt"
	"math"
	"slices"
)

// Verdict is what may be said of a ratio.
type Verdict string

const (
	Better       Verdict = "better"
	Worse        Verdict = "worse"
	Same         Verdict = "same"         // the interval is inside the margin
	Inconclusive Verdict = "inconclusive" // neither
	Invalid      Verdict = "invalid"      // a guard was violated, or the comparison is refused
)

// Ratio is candidate/baseline with its confidence interval.
type Ratio struct {
	Point float64 `json:"point"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}

// LogRatio is the logarithm of candidate/baseline in one group: the mean log of the candidate's blocks minus the mean
// log of the baseline's. A side without blocks, or a value that is not positive and finite, is an error.
func LogRatio(baseline, candidate []float64) (float64, error) {
	b, err := meanLog(baseline)
	if err != nil {
		return 0, fmt.Errorf("baseline: %w", err)
	}
	c, err := meanLog(candidate)
	if err != nil {
		return 0, fmt.Errorf("candidate: %w", err)
	}
	return c - b, nil
}

func meanLog(values []float64) (float64, error) {
	if len(values) == 0 {
		return 0, fmt.Errorf("no blocks")
	}
	sum := 0.0
	for _, v := range values {
		if !(v > 0) || math.IsInf(v, 1) {
			return 0, fmt.Errorf("%v has no place in a ratio", v)
		}
		sum += math.Log(v)
	}
	return sum / float64(len(values)), nil
}

// Estimate makes one ratio of the log-ratios d of the groups, whose order does not matter. The interval covers the
// true ratio with at least probability 1-alpha; confidence is what it attains, for the test has only so many levels.
//
// Where there are too few groups for alpha (see [MinP]), ok is false and the interval is everything: 0 to +Inf.
// Where d is empty or holds what is not a finite number, the ratio is zero too.
//
// The distribution of the test is exact for any number of groups; time and memory grow as n³ and n².
func Estimate(d []float64, alpha float64) (r Ratio, confidence float64, ok bool) {
	if len(d) == 0 || slices.ContainsFunc(d, notFinite) {
		return Ratio{}, 0, false
	}
	w := walsh(d)
	r = Ratio{Point: math.Exp(median(w)), Lo: 0, Hi: math.Inf(1)}
	c, p := critical(signedRank(len(d)), alpha)
	if c < 0 {
		return r, 0, false
	}
	r.Lo, r.Hi = math.Exp(w[c]), math.Exp(w[len(w)-1-c])
	return r, 1 - p, true
}

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// Walsh averages: (d[i]+d[j])/2 for i <= j, sorted; n(n+1)/2 of them.
func walsh(d []float64) []float64 {
	w := make([]float64, 0, len(d)*(len(d)+1)/2)
	for i := range d {
		for j := range i + 1 {
			w = append(w, d[i]/2+d[j]/2)
		}
	}
	slices.Sort(w)
	return w
}

// The median of sorted numbers.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Judge compares a ratio with a margin: 0.02 calls ratios from 1/1.02 to 1.02 the same. It is symmetric: swapping the
// sides swaps better and worse. An interval that reaches over the edge of the margin is inconclusive.
func Judge(r Ratio, margin float64, higherIsBetter bool) Verdict {
	up, down := Worse, Better
	if higherIsBetter {
		up, down = Better, Worse
	}
	limit := 1 + margin
	switch {
	case r.Lo > limit:
		return up
	case r.Hi < 1/limit:
		return down
	case r.Lo >= 1/limit && r.Hi <= limit:
		return Same
	}
	return Inconclusive
}
