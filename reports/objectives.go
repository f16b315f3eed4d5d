package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
)

// Objectives are the absolute limits, and what was measured.
func Objectives(a *analysis.Analysis) (Section, bool) {
	t := &Table{Caption: "Objectives", Columns: columns("objective", "state", "measured")}
	for _, o := range a.Objectives {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: o.Text}, {Text: string(o.State), Tone: toneOfObjective(o.State)}, {Text: o.Detail}}})
	}
	s := Section{ID: "objectives", Title: "Objectives", Items: []Item{{Text: objectiveTally(a.Objectives)}, {Table: t}}}
	return s, len(a.Objectives) > 0
}

func toneOfObjective(s analysis.ObjectiveState) Tone {
	switch s {
	case analysis.Met:
		return Good
	case analysis.Missed:
		return Bad
	}
	return Doubt
}

// objectiveTally counts the objectives by state: "1 missed, 2 met."
func objectiveTally(all []analysis.Objective) string {
	var parts []string
	for _, state := range []analysis.ObjectiveState{analysis.Missed, analysis.Unchecked, analysis.Met} {
		if n := len(inState(all, state)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(parts, ", ") + "."
}

func inState(all []analysis.Objective, state analysis.ObjectiveState) []analysis.Objective {
	return slices.DeleteFunc(slices.Clone(all), func(o analysis.Objective) bool { return o.State != state })
}

// objectivesNotMet lists the objectives that were missed, then those that could not be checked.
func objectivesNotMet(a *analysis.Analysis) []analysis.Objective {
	return slices.Concat(inState(a.Objectives, analysis.Missed), inState(a.Objectives, analysis.Unchecked))
}
