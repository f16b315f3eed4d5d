package scenarios

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/metric"
)

// objectives decodes absolute limits: texts, or mappings with an "expect".
func (d *decoder) objectives(n *yaml.Node, s *Scenario) {
	d.list(n, "objectives", func(n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			d.objective(n, s)
			return
		}
		before := len(d.found)
		given := false
		d.mapping(n, "an objective", field{"expect", func(n *yaml.Node) { given = true; d.objective(n, s) }})
		if !given && len(d.found) == before {
			d.add(at(n), "", `an objective needs "expect"`)
		}
	})
}

func (d *decoder) objective(n *yaml.Node, s *Scenario) {
	var text string
	before := len(d.found)
	if d.text(&text)(n); len(d.found) > before {
		return
	}
	expression, err := metric.ParseObjective(text)
	if err != nil {
		d.objectiveMistake(n, text, err)
		return
	}
	s.Objectives = append(s.Objectives, results.Objective{Text: text, Line: n.Line})
	s.objectives = append(s.objectives, objective{expression, at(n)})
}

// objectiveMistake reports a mistake at its place within the text, as far as the text stands in the file as it is.
func (d *decoder) objectiveMistake(n *yaml.Node, text string, err error) {
	place, message, hint := at(n), err.Error(), ""
	var syntax *metric.SyntaxError
	if errors.As(err, &syntax) {
		message, hint = syntax.Message, syntax.Hint
		if text == n.Value && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			place.column += syntax.Column - 1
			if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
				place.column++
			}
		} else {
			message += " in " + strings.TrimSpace(clip(text))
		}
	}
	d.add(place, hint, "%s", message)
}

// objective is one that is read, and its place in the file.
type objective struct {
	*metric.Expression
	at position
}

// lintObjectives refuses what chooses nothing of a scenario: it could never be met.
func (d *decoder) lintObjectives(s *Scenario) {
	for _, o := range s.objectives {
		for _, c := range o.Comparisons {
			for _, t := range c.Terms() {
				if !s.chosen(t) {
					d.add(o.at, "correct its labels", "%s chooses no variant in any cell", t.Selector())
				}
			}
		}
	}
}

// chosen says whether a term chooses any series of a scenario.
func (s *Scenario) chosen(t metric.Term) bool {
	for _, p := range s.points {
		for _, l := range s.Loads {
			series := dimensionsOf(p.spec, l)
			series["cell"] = s.cellName(p.spec, l)
			for _, v := range s.Variants {
				series["variant"] = v.Name
				if _, out := p.without[v.Name]; !out && t.Chooses(series) {
					return true
				}
			}
		}
	}
	return false
}
