package reports

import (
	"fmt"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// Reproduce is how to measure the same again: the scenario as its author wrote it, the seed, the command.
func Reproduce(a *analysis.Analysis) (Section, bool) {
	m := a.Manifest
	if m.Scenario.Text == "" {
		return Section{}, false
	}
	return Section{ID: "reproduce", Title: "Reproduce", Items: []Item{
		{Page: true, Text: "Save the scenario below as scenario.yaml. The seed fixes the order of the blocks and every " +
			"random choice of the load; the machine it does not fix."},
		{Page: true, Code: &Code{Caption: "Command, with tlslab " + m.Tool, Text: reproduction(m)}},
		{Page: true, Fold: "Scenario " + m.Scenario.Name, Code: &Code{Caption: "Scenario", Text: m.Scenario.Text, Anchors: claimLines(m)}},
	}}, true
}

func claimLines(m results.Manifest) []int {
	var all []int
	for _, c := range m.Claims {
		all = append(all, c.Line)
	}
	return all
}

// reproduction is the command that measures the same again.
func reproduction(m results.Manifest) string {
	return fmt.Sprintf("tlslab run scenario.yaml --seed %d -o DIR", m.Seed)
}
