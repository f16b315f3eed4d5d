package exact

import (
	"math"
	"strings"
)

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
// different keys are incomparable, never worse. What is within the margin is the same, and so is what differs by no
// more than counts of equal sources do: see [Packages] for instructions; half of one of everything else.
func Compare(baseline, candidate Counts, margins []Margin) (all []Comparison) {
	was, is := baseline.Values(), candidate.Values()
	differences := strings.Join(candidate.Key.Differences(baseline.Key), ", ")
	for _, m := range margins {
		c := Comparison{Metric: m.Metric, Baseline: was[m.Metric], Candidate: is[m.Metric], Margin: m.Ratio, Why: differences}
		if c.Baseline > 0 || c.Candidate > 0 {
			c.judge(baseline.noise(m.Metric))
			all = append(all, c)
		}
	}
	return all
}

func (c *Comparison) judge(noise float64) {
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
	case math.Abs(c.Candidate-c.Baseline) <= noise:
		c.Verdict = Same
	case c.Ratio > 1+c.Margin:
		c.Verdict = Worse
	case c.Ratio < 1/(1+c.Margin):
		c.Verdict = Better
	default:
		c.Verdict = Same
	}
}

// noise is what a metric of equal sources differs by for nothing, per handshake.
func (c Counts) noise(metric string) float64 {
	name, client := strings.CutPrefix(metric, "client_")
	of, instructions := strings.CutPrefix(name, "instructions")
	switch {
	case !instructions:
		return 0.5
	case client:
		return class(strings.TrimPrefix(of, ".")).noise() * total(c.Client.Instructions)
	}
	return class(strings.TrimPrefix(of, ".")).noise() * total(c.Server.Instructions)
}
