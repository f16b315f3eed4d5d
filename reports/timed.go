package reports

import (
	"fmt"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// timedItems is what single operations cost: those that treat an amount by their throughput, the others by their time.
func timedItems(all []analysis.Primitive) []Item {
	var records, others []analysis.Primitive
	for _, p := range all {
		if p.Bytes > 0 {
			records = append(records, p)
		} else {
			others = append(others, p)
		}
	}
	var items []Item
	add := func(some []analysis.Primitive, what, title string, of func(analysis.Primitive) string) {
		if len(some) == 0 {
			return
		}
		items = append(items, Item{Page: true, Table: timedTable(some, what, title, of)})
		if brief := notable(some); len(brief) > 0 {
			items = append(items, Item{Terminal: true, Table: timedTable(brief, what+", those that differ between variants", title, of)})
		}
	}
	add(records, "Amounts of data, timed alone", "throughput", throughput)
	add(others, "Operations, timed alone", "time", timeEach)
	if len(all) > 0 && items[len(items)-1].Page {
		items = append(items, Item{Terminal: true, Text: "Operations, timed alone: the page has them."})
	}
	return items
}

// notable keeps the operations that some variant does not do in the same time as the baseline, with the baseline's
// time beside it.
func notable(all []analysis.Primitive) []analysis.Primitive {
	differs := map[string]bool{}
	for _, p := range all {
		differs[p.Name] = differs[p.Name] || p.Verdict == effect.Worse || p.Verdict == effect.Better
	}
	var some []analysis.Primitive
	for _, p := range all {
		if differs[p.Name] && (p.Verdict == "" || p.Verdict == effect.Worse || p.Verdict == effect.Better) {
			some = append(some, p)
		}
	}
	return some
}

func timedTable(all []analysis.Primitive, caption, title string, of func(analysis.Primitive) string) *Table {
	t := &Table{Caption: caption + "; ratio: time of the variant / baseline", Columns: columns("operation", "variant", title, "ratio [interval]")}
	t.Columns[2].Numeric = true
	for _, p := range all {
		row := Row{Cells: cells(p.Name, p.Variant, of(p), "baseline")}
		switch {
		case p.Missing != "":
			row.Cells[3] = Cell{Text: p.Missing, Tone: Muted}
		case p.Verdict != "":
			row.Cells[3] = Cell{Text: ratio(p.Ratio) + " " + string(p.Verdict), Tone: toneOf(p.Verdict)}
		}
		if p.Price != nil {
			row.Cells[3].Note = ratio(p.Price) + " of the time of Go's code"
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// throughput is the bytes that an operation treats in a second.
func throughput(p analysis.Primitive) string {
	if p.Missing != "" || p.Time <= 0 {
		return noValue
	}
	perSecond := p.Throughput()
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "GB/s"}, {1e6, "MB/s"}} {
		if perSecond >= u.size*0.9995 {
			return digits(perSecond/u.size, 3) + " " + u.name
		}
	}
	return fmt.Sprintf("%s kB/s", digits(perSecond/1e3, 3))
}

func timeEach(p analysis.Primitive) string {
	if p.Missing != "" || p.Time <= 0 {
		return noValue
	}
	return seconds(p.Time / 1e9)
}
