package scenarios

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// expected decodes the regressions that have been accepted.
func (d *decoder) expected(n *yaml.Node, s *Scenario) {
	d.list(n, "expected_regressions", func(n *yaml.Node) {
		if e, ok := d.expectedOne(n, s); ok {
			s.Expected, s.expectedAt = append(s.Expected, e), append(s.expectedAt, at(n))
		}
	})
}

func (d *decoder) expectedOne(n *yaml.Node, s *Scenario) (results.Expected, bool) {
	e := results.Expected{Line: n.Line}
	before := len(d.found)
	d.mapping(n, "an expected regression",
		field{"candidate", value(d, &e.Candidate, candidate(s.Variants))},
		field{"gate", value(d, &e.Metric, gated(s.Gates, &e))},
		field{"cell", func(n *yaml.Node) { e.Cell = d.someCells(n, "the cell of an expected regression") }},
		field{"worse", value(d, &e.Worse, readShare)},
		field{"until", value(d, &e.Until, readDay)},
		field{"because", d.text(&e.Because)},
	)
	if len(d.found) > before {
		return e, false
	}
	for _, key := range []struct{ name, value string }{{"gate", e.Metric}, {"until", e.Until}, {"because", e.Because}} {
		if key.value == "" {
			d.add(at(n), "", "an expected regression needs %q", key.name)
		}
	}
	return e, len(d.found) == before
}

// gated reads the metric of a gate that is about an expected regression's candidate.
func gated(gates []results.Gate, e *results.Expected) func(string) (string, error) {
	return func(s string) (string, error) {
		var metrics []string
		for _, g := range gates {
			metrics = append(metrics, g.Metric)
			if g.Metric == s && (e.Candidate == "" || about(g, e.Candidate)) {
				return s, nil
			}
		}
		switch {
		case slices.Contains(metrics, s):
			return "", wrong("", "no gate on %s is about %q", s, e.Candidate)
		case gates == nil:
			return "", wrong("", "there are no gates, so no regression can be expected")
		}
		return "", wrong(didYouMean(s, slices.Compact(metrics)), "no gate is on %q", clip(s))
	}
}

// someCells decodes properties of cells.
func (d *decoder) someCells(n *yaml.Node, what string) map[string]string {
	cell := map[string]string{}
	property := func(key string, read func(string) (string, error)) field {
		return field{key, func(n *yaml.Node) {
			var v string
			before := len(d.found)
			if value(d, &v, read)(n); len(d.found) == before {
				cell[key] = v
			}
		}}
	}
	var mutual bool
	d.mapping(n, what,
		property("kind", oneOf("kind", handshake.KindNames()...)),
		property("group", oneOf("group", handshake.GroupNames()...)),
		property("signature", oneOf("signature", handshake.SignatureNames()...)),
		field{"mutual", func(n *yaml.Node) { d.boolean(&mutual)(n); cell["mutual"] = fmt.Sprint(mutual) }},
		property("alpn", func(s string) (string, error) { _, err := readAsked(s); return s, err }),
		property("suite", oneOf("suite", append(handshake.SuiteNames(), anySuite)...)),
		property("load", readName),
	)
	return cell
}

// readDay reads a day of the calendar.
func readDay(s string) (string, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", wrong("write 2026-12-31", "%q is no day", clip(s))
	}
	return s, nil
}

// lintExpected refuses expectations that match no cell, or none that runs their candidate.
func (d *decoder) lintExpected(s *Scenario) {
	for i, e := range s.Expected {
		if !slices.ContainsFunc(s.points, func(p point) bool { return s.expects(e, p) }) {
			d.add(s.expectedAt[i], "take it out, or correct it", "this expected regression matches no cell")
		}
	}
}

// expects says whether an expectation is about any candidate at a point, under any load.
func (s *Scenario) expects(e results.Expected, p point) bool {
	runs := slices.ContainsFunc(s.Variants, func(v Variant) bool {
		_, out := p.without[v.Name]
		return !out && !v.Baseline && (e.Candidate == "" || e.Candidate == v.Name)
	})
	return runs && slices.ContainsFunc(s.Loads, func(l loadgen.Load) bool { return within(e.Cell, dimensionsOf(p.spec, l)) })
}

func within(some, all map[string]string) bool {
	for key, v := range some {
		if all[key] != v {
			return false
		}
	}
	return true
}

// anySuite stands for a suite that is not asked for.
const anySuite = "any"

// dimensionsOf is a cell's properties in the words of a scenario.
func dimensionsOf(spec handshake.Spec, l loadgen.Load) map[string]string {
	suite := anySuite
	if spec.Suite != 0 {
		suite = spec.Suite.String()
	}
	return map[string]string{
		"kind": spec.Kind.String(), "group": spec.Group.String(), "signature": spec.Signature.String(),
		"mutual": fmt.Sprint(spec.Mutual), "alpn": or(spec.ALPN, "none"), "suite": suite, "load": l.Name,
	}
}
