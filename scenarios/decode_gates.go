package scenarios

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/metric"
)

// gates decodes the gates. What they name of the metrics that are counted has to be counted.
func (d *decoder) gates(n *yaml.Node, s *Scenario) {
	d.list(n, "gates", func(n *yaml.Node) {
		if g, ok := d.gate(n, s.Variants); ok {
			s.Gates, s.gatesAt = append(s.Gates, g), append(s.gatesAt, at(n))
		}
	})
	i := slices.IndexFunc(s.Gates, func(g results.Gate) bool { return counted(g.Metric) })
	switch {
	case i < 0:
	case s.Exact == "none" && s.exactAt != position{}:
		d.add(s.exactAt, "leave exact out, or the gate", "nothing is counted, but the gate of line %d is on %s", s.Gates[i].Line, s.Gates[i].Metric)
	default:
		s.Exact = "auto"
	}
}

// counted says whether a metric is counted once for each cell and variant, not timed block by block.
func counted(name string) bool {
	return slices.ContainsFunc(metric.Counted(), func(m metric.Metric) bool { return m.Name == name })
}

func (d *decoder) gate(n *yaml.Node, variants []Variant) (results.Gate, bool) {
	before := len(d.found)
	g := results.Gate{Worse: -1, Line: n.Line}
	d.mapping(n, "a gate",
		field{"metric", value(d, &g.Metric, oneOf("metric", metricNames()...))},
		field{"candidate", value(d, &g.Candidate, candidate(variants))},
		field{"worse", value(d, &g.Worse, readShare)},
		field{"advisory", d.boolean(&g.Advisory)},
	)
	m, known := metric.ByName(g.Metric)
	if !known && len(d.found) == before {
		d.add(at(n), "", `a gate needs a "metric"`)
	}
	if len(variants) == 1 {
		d.add(at(n), "add a second variant", "a gate compares a candidate with the baseline, and there is no candidate")
	}
	if g.Worse < 0 {
		g.Worse = m.Margin
	}
	return g, len(d.found) == before
}

func metricNames() []string {
	var all []string
	for _, m := range slices.Concat(metric.All(), metric.Counted()) {
		all = append(all, m.Name)
	}
	return all
}

// candidate reads the name of a variant that is not the baseline.
func candidate(variants []Variant) func(string) (string, error) {
	return func(s string) (string, error) {
		i := slices.IndexFunc(variants, func(v Variant) bool { return v.Name == s })
		switch {
		case i < 0:
			return "", wrong(didYouMean(s, candidates(variants)), "unknown variant %q", clip(s))
		case variants[i].Baseline:
			return "", wrong("name the variant that is compared with it", "%q is the baseline, not a candidate", s)
		}
		return s, nil
	}
}

func candidates(variants []Variant) []string {
	var all []string
	for _, v := range variants {
		if !v.Baseline {
			all = append(all, v.Name)
		}
	}
	return all
}
