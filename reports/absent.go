package reports

import (
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
)

// Absent lists what could not be measured and what could not run, with the reasons.
func Absent(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "absent", Title: "Gaps and skips", Short: "Gaps"}
	if len(a.Gaps) > 0 {
		t := &Table{Caption: "Gaps: what could not be measured", Columns: columns("what", "reason", "how to close it")}
		for _, g := range a.Gaps {
			t.Rows = append(t.Rows, Row{Cells: cells(g.What, g.Reason, g.Hint)})
		}
		s.Items = append(s.Items, Item{Page: true, Table: t})
	}
	if len(a.Manifest.Skips) > 0 {
		t := &Table{Caption: "Skips: what cannot run here", Columns: columns("variant", "cell", "reason")}
		for _, k := range a.Manifest.Skips {
			t.Rows = append(t.Rows, Row{Cells: cells(orAll(k.Variant), orAll(k.Cell), k.Reason)})
		}
		s.Items = append(s.Items, Item{Page: true, Table: t})
	}
	if len(s.Items) > 0 {
		if lines := absences(a); len(lines) > 1 {
			s.Items = append(s.Items, Item{Terminal: true, List: lines})
		} else {
			s.Items = append(s.Items, Item{Terminal: true, Text: lines[0]})
		}
	}
	return s, len(s.Items) > 0
}

// absences is a line for each skip and each gap.
func absences(a *analysis.Analysis) []string {
	var lines []string
	for _, k := range a.Manifest.Skips {
		var what []string
		if k.Variant != "" {
			what = append(what, "variant "+k.Variant)
		}
		if k.Cell != "" {
			what = append(what, "cell "+k.Cell)
		}
		lines = append(lines, "skipped "+strings.Join(what, ", ")+": "+k.Reason)
	}
	for _, g := range a.Gaps {
		lines = append(lines, "not measured: "+g.What+": "+g.Reason)
	}
	return lines
}

func orAll(name string) string {
	if name == "" {
		return "all"
	}
	return name
}
