package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
)

// NullControl is the baseline against itself in the same run: where that shows a difference, nothing that was timed
// can be believed.
func NullControl(a *analysis.Analysis) (Section, bool) {
	t := &Table{
		Caption: "The baseline against itself, in pairs of neighbours in random order",
		Columns: columns("metric", "state", "ratio [interval]", "confidence", "pairs"),
	}
	numeric(t.Columns, 3)
	for _, n := range a.Null {
		state, tone := stateOfNull(n)
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			{Text: n.Metric}, {Text: state, Tone: tone}, {Text: ratio(n.Ratio)}, {Text: percent(1 - n.Level)}, {Text: count(uint64(n.Pairs))},
		}})
	}
	return Section{ID: "null", Title: "Null control", Items: []Item{{Text: nullSentence(a)}, {Table: t}}}, len(a.Null) > 0
}

func stateOfNull(n analysis.NullControl) (string, Tone) {
	switch {
	case n.Fired:
		return "fired", Bad
	case !bounded(n.Ratio):
		return "could not fire", Doubt
	}
	return "quiet", Good
}

// nullSentence says whether some null control fired.
func nullSentence(a *analysis.Analysis) string {
	by := map[string][]string{}
	for _, n := range a.Null {
		state, _ := stateOfNull(n)
		by[state] = append(by[state], n.Metric)
	}
	var parts []string
	for _, state := range []string{"fired", "could not fire", "quiet"} {
		if metrics := by[state]; len(metrics) > 0 {
			parts = append(parts, state+" on "+strings.Join(metrics, ", "))
		}
	}
	text := strings.Join(parts, "; ") + "."
	if len(by["fired"]) > 0 {
		text += " The lab found a difference where there is none, so nothing that was timed can be believed."
	}
	return text
}

func nullFired(a *analysis.Analysis) bool {
	return slices.ContainsFunc(a.Null, func(n analysis.NullControl) bool { return n.Fired })
}

// nullResult is one null control in one sentence.
func nullResult(n analysis.NullControl) string {
	state, _ := stateOfNull(n)
	if !bounded(n.Ratio) {
		return fmt.Sprintf("%s on %s: no interval from %s", state, n.Metric, plural(n.Pairs, "pair"))
	}
	return fmt.Sprintf("%s: the baseline has %s its own %s, %s", state, ratio(n.Ratio), n.Metric, plural(n.Pairs, "pair"))
}
