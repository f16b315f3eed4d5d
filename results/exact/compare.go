package exact

import "strings"

// Verdict is what may be said of one exact metric.
type Verdict string

const (
	Worse        Verdict = "worse" // above the margin; the less is counted, the better
	Better       Verdict = "better"
	Same         Verdict = "same"
	Incomparable Verdict = "incomparable"
)

// Margin is how close is the same: 0.002 calls ratios from 1/1.002 to 1.002 the same.
type Margin struct {
	Metric string // a name of [Counts.Values]
	Ratio  float64
}

// Comparison is one metric of a candidate against the baseline.
type Comparison struct {
	Metric              string
	Baseline, Candidate float64 // per handshake; zero: not counted
	Ratio               float64 // candidate/baseline; zero: there is none
	Margin              float64
	Verdict             Verdict
	Why                 string // it is incomparable; else empty
}

// Compare judges each metric that has a margin, in that order. A metric that neither side has is left out. Counts with
// different keys are incomparable, never worse.
func Compare(baseline, candidate Counts, margins []Margin) (all []Comparison) {
	was, is := baseline.Values(), candidate.Values()
	differences := strings.Join(candidate.Key.Differences(baseline.Key), ", ")
	for _, m := range margins {
		c := Comparison{Metric: m.Metric, Baseline: was[m.Metric], Candidate: is[m.Metric], Margin: m.Ratio, Why: differences}
		if c.Baseline > 0 || c.Candidate > 0 {
			c.judge()
			all = append(all, c)
		}
	}
	return all
}

func (c *Comparison) judge() {
	switch {
	case c.Why != "":
	case c.Baseline == 0:
		c.Why = "the baseline has no such count"
	case c.Candidate == 0:
		c.Why = "not counted here"
	default:
		c.Ratio = c.Candidate / c.Baseline
	}
	switch {
	case c.Why != "":
		c.Verdict = Incomparable
	case c.Ratio > 1+c.Margin:
		c.Verdict = Worse
	case c.Ratio < 1/(1+c.Margin):
		c.Verdict = Better
	default:
		c.Verdict = Same
	}
}
