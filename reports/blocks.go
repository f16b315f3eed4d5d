package reports

import (
	"strconv"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/metric"
)

// Blocks is the raw table: every block in the order of execution, with the metrics that all ratios come from.
func Blocks(a *analysis.Analysis) (Section, bool) {
	t := &Table{
		Caption: "Blocks in the order of execution",
		Columns: columns("block", "cell", "variant", "group", "order", "for", "valid", "confirmed"),
	}
	shown := []string{"server_cpu", "client_cpu", "handshake_rate", "handshake_p50", "handshake_p99"}
	for _, name := range shown {
		m, _ := metric.ByName(name)
		t.Columns = append(t.Columns, Column{Title: m.Title})
	}
	numeric(t.Columns, 7)
	for _, b := range a.Blocks {
		row := cells(strconv.Itoa(b.Index), b.Cell, b.Variant, strconv.Itoa(b.Group), strconv.Itoa(b.Order), purpose(b))
		row = append(row, validity(b), Cell{Text: count(b.Client.Confirmed)})
		for _, name := range shown {
			row = append(row, Cell{Text: valueIn(b.Values, name)})
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	fold := "All " + plural(len(a.Blocks), "block")
	return Section{ID: "blocks", Title: "Blocks", Items: []Item{{Page: true, Fold: fold, Table: t}}}, len(a.Blocks) > 0
}

// purpose is what a block was measured for.
func purpose(b analysis.Block) string {
	switch {
	case b.Observed:
		return "explaining"
	case b.Role == results.Null:
		return "null control"
	case b.Role == results.Confirming:
		return "confirming"
	}
	return "measuring"
}

func validity(b analysis.Block) Cell {
	if b.Valid {
		return Cell{Text: "yes"}
	}
	return Cell{Text: "no", Tone: Bad}
}
