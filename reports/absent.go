package reports

import (
	"github.com/tlslab/tlslab/results/analysis"
)

// Absent lists what could not be measured and what could not run, with the reasons.
func Absent(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "absent", Title: "Gaps and skips"}
	if len(a.Gaps) > 0 {
		t := &Table{Caption: "Gaps: what could not be measured", Columns: columns("what", "reason", "how to close it")}
		for _, g := range a.Gaps {
			t.Rows = append(t.Rows, Row{Cells: cells(g.What, g.Reason, g.Hint)})
		}
		s.Items = append(s.Items, Item{Table: t})
	}
	if len(a.Manifest.Skips) > 0 {
		t := &Table{Caption: "Skips: what cannot run here", Columns: columns("variant", "cell", "reason")}
		for _, k := range a.Manifest.Skips {
			t.Rows = append(t.Rows, Row{Cells: cells(orAll(k.Variant), orAll(k.Cell), k.Reason)})
		}
		s.Items = append(s.Items, Item{Table: t})
	}
	return s, len(s.Items) > 0
}

func orAll(name string) string {
	if name == "" {
		return "all"
	}
	return name
}
