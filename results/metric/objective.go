// # Objectives
//
// An objective is an absolute limit on what was measured, such as a service level. [ParseObjective] reads
//
//	objective  = comparison { "and" comparison } .
//	comparison = value ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) value .
//	value      = product { ( "+" | "-" ) product } .
//	product    = operand { ( "*" | "/" ) operand } .
//	operand    = number [ unit ] | term .
//	term       = aggregate "(" name [ selector ] ")" | name [ selector ] .
//	aggregate  = "p" "(" number ")" | "med" | "max" | "min" | "avg" | "rate" | "count" .
//	selector   = "{" [ label { "," label } ] "}" .
//	label      = dimension ( "=" | "!=" | "=~" ) text .
//	unit       = "ns" | "us" | "ms" | "s" | "B" | "KiB" | "MiB" | "%" | "/s" .
//
// A unit follows its number without a space. Text stands in quotes where it holds a space, a comma or a brace. For
// example:
//
//	p(99)(response{kind=full, load=objective}) < 6ms and rate(failed) == 0
//	server_cpu{variant=branch} < 700us
//	server_cpu{variant=branch} / server_cpu{variant=std} < 1.05
//	max(response) - med(response) < 20ms
//	handshake_rate{group=~"X25519.*"} >= 400/s
//
// A name is one of
//
//   - [Times]: handshake, service, response and lateness, read by p(N), med, max, min or avg. They are of confirmed
//     handshakes only, so an objective on them usually wants one on rate(failed) beside it. In a closed loop response
//     time is service time.
//   - [Tallies]: how handshakes ended. count(failed) is how many, rate(failed) is their share of those that began.
//   - a metric of [All] or [Counted], which is one number and takes no aggregate.
//
// A selector chooses series, each a variant in a cell, by their [Dimensions]; without one all are chosen. An
// objective must hold for every series that the first term of a comparison chooses, never for an average of them. A
// term with another selector is read in the series that go with it: those equal to it in every dimension that the two
// selectors do not treat differently. So server_cpu{variant=branch} / server_cpu{variant=std} compares within each
// cell. An objective that chooses nothing, or nothing to go with one of its series, is never met; nor is one on a
// percentile that the sample does not support.
//
// Quantities are checked when an objective is read: a time is not compared with bytes, nor with a number without a
// unit.
package metric

import (
	"fmt"
	"regexp"
	"strings"
)

// Expression is an objective: all of its comparisons must hold.
type Expression struct{ Comparisons []Comparison }

// String is the objective in its canonical form, which parses to the same.
func (e *Expression) String() string {
	all := make([]string, len(e.Comparisons))
	for i, c := range e.Comparisons {
		all[i] = c.String()
	}
	return strings.Join(all, " and ")
}

// Comparison is two values and how they must compare.
type Comparison struct {
	left, right *node
	relation    string
}

func (c Comparison) String() string {
	return c.left.String() + " " + c.relation + " " + c.right.String()
}

// Terms are what is measured, from left to right. There is at least one; they have two different selectors at most.
func (c Comparison) Terms() []Term { return c.right.terms(c.left.terms(nil)) }

// Term is one measured number.
type Term struct {
	Aggregate string  // p, med, max, min, avg, rate, count; empty: the metric is one number
	Quantile  float64 // of p and med, as a share: 0.99; of min 0, of max 1
	Metric    string
	Labels    []Label

	percentile string // of p, as written: 99
}

// String is the term as an objective writes it: p(99)(response{kind=full}).
func (t Term) String() string {
	switch t.Aggregate {
	case "":
		return t.Metric + t.Selector()
	case "p":
		return fmt.Sprintf("p(%s)(%s%s)", t.percentile, t.Metric, t.Selector())
	}
	return fmt.Sprintf("%s(%s%s)", t.Aggregate, t.Metric, t.Selector())
}

// Selector is the labels as an objective writes them: {kind=full}. It is empty where all series are chosen.
func (t Term) Selector() string {
	if len(t.Labels) == 0 {
		return ""
	}
	return "{" + join(t.Labels) + "}"
}

// On is the labels on one dimension; empty: none.
func (t Term) On(dimension string) string {
	var some []Label
	for _, l := range t.Labels {
		if l.Dimension == dimension {
			some = append(some, l)
		}
	}
	return join(some)
}

// Chooses says whether all labels match a series, given by dimension.
func (t Term) Chooses(series map[string]string) bool {
	for _, l := range t.Labels {
		if !l.matches(series[l.Dimension]) {
			return false
		}
	}
	return true
}

// Label is a condition on one dimension of a series.
type Label struct {
	Dimension, Relation, Text string

	pattern *regexp.Regexp // of =~
}

// String is the label as an objective writes it, in quotes where it needs them.
func (l Label) String() string {
	text := l.Text
	switch {
	case strings.Contains(text, `"`):
		text = "'" + text + "'"
	case strings.ContainsAny(text, bareEnd):
		text = `"` + text + `"`
	}
	return l.Dimension + l.Relation + text
}

func (l Label) matches(text string) bool {
	switch l.Relation {
	case "=~":
		return l.pattern.MatchString(text)
	case "!=":
		return text != l.Text
	}
	return text == l.Text
}

func join(labels []Label) string {
	all := make([]string, len(labels))
	for i, l := range labels {
		all[i] = l.String()
	}
	return strings.Join(all, ", ")
}
