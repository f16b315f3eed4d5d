package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// countedValues lists what a counted handshake is told by, and how a table heads it; short is for terminals, empty: in
// the page only. Where the counter knows no packages, all instructions are in the totals.
var countedValues = []struct{ name, title, short string }{
	{"instructions", "server instructions", "instructions"},
	{"instructions.crypto", "server, cryptography", "cryptography"},
	{"instructions.other", "server, other packages", "other"},
	{"instructions.runtime", "server, runtime", ""},
	{"client_instructions", "client instructions", ""},
	{"client_instructions.crypto", "client, cryptography", ""},
	{"client_instructions.other", "client, other packages", ""},
	{"counted.allocs", "server allocations", "allocs"},
	{"counted.alloc_bytes", "server bytes allocated", ""},
	{"counted.wire_bytes", "bytes on the wire", "wire"},
	{"syscalls", "system calls on sockets", "calls"},
}

// Counted is what a handshake costs as it was counted, and the packages whose instructions differ between the sides.
func Counted(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "counted", Title: "Counted per handshake", Short: "Counted"}
	if len(a.Exact) == 0 {
		return s, false
	}
	s.Items = append(s.Items, Item{Text: countedBy(a.Exact)})
	s.Items = append(s.Items, Item{Page: true, Text: "Equal sources give equal counts. They say which code runs, not how long it takes: " +
		"no share of instructions is a share of time, and what the hardware makes of an instruction is not seen."})
	s.Items = append(s.Items, Item{Page: true, Table: countedTable(a.Exact, false)}, Item{Terminal: true, Table: countedTable(a.Exact, true)})
	moved := movedPackages(a.Effects)
	if t := movedTable(moved); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Page: true, Table: t})
	}
	moved = slices.DeleteFunc(moved, func(p movedPackage) bool { return p.verdict != effect.Worse && p.verdict != effect.Better })
	if more := len(moved) - packagesBriefly; more > 0 {
		moved = moved[:packagesBriefly]
		s.Items = append(s.Items, Item{Terminal: true, Text: fmt.Sprintf("The page has %d more packages than these:", more)})
	}
	if t := movedTable(moved); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Terminal: true, Table: t})
	}
	return s, true
}

// countedBy says what counted, and how.
func countedBy(counts []exact.Counts) string {
	var by []string
	for _, c := range counts {
		random := "seeded"
		if !c.Key.Seeded {
			random = "unseeded"
		}
		by = append(by, fmt.Sprintf("%s, %s, from %d to %d handshakes", c.Key.Counter, random, c.Key.Handshakes[0], c.Key.Handshakes[1]))
	}
	text := "By " + strings.Join(names(by...), "; ") + "."
	if strings.Contains(text, "callgrind") {
		text += " Callgrind hides SHA-NI and AVX-512: its counts compare code, not hardware."
	}
	return text
}

// countedTable has a row for each variant of a cell and a column for each value that some has.
func countedTable(counts []exact.Counts, briefly bool) *Table {
	t := &Table{Caption: "Counted per handshake", Columns: columns("variant")}
	for _, c := range counts {
		t.Rows = append(t.Rows, Row{Cells: cells(c.Variant)})
	}
	for _, v := range countedValues {
		title := v.title
		if briefly {
			title = v.short
		}
		if title == "" || !slices.ContainsFunc(counts, func(c exact.Counts) bool { return c.Values()[v.name] > 0 }) {
			continue
		}
		t.Columns = append(t.Columns, Column{Title: title, Numeric: true})
		for i, c := range counts {
			t.Rows[i].Cells = append(t.Rows[i].Cells, countedCell(c.Values(), v.name))
		}
	}
	t.Columns = append(t.Columns, Column{Title: "cell"})
	for i, c := range counts {
		t.Rows[i].Cells = append(t.Rows[i].Cells, Cell{Text: c.Cell})
	}
	return t
}

func countedCell(values map[string]float64, name string) Cell {
	n, ok := values[name]
	if !ok {
		return Cell{Text: noValue, Tone: Muted}
	}
	m, _ := metric.ByName(name)
	return Cell{Text: quantity(n, m.Unit)}
}

// packagesBriefly is how many packages a terminal shows.
const packagesBriefly = 10

// movedPackage is a package whose instructions differ between the sides of a comparison.
type movedPackage struct {
	analysis.Package
	side, sides, cell string
	verdict           effect.Verdict
}

// movedPackages lists each once, in the order of the effects that they explain, the weightiest first.
func movedPackages(effects []analysis.Effect) []movedPackage {
	var all []movedPackage
	seen := map[string]bool{}
	for _, e := range weighted(effects) {
		side := "server"
		if strings.HasPrefix(e.Metric, "client") {
			side = "client"
		}
		for _, p := range e.Packages {
			key := strings.Join([]string{p.Name, side, e.Candidate.Variant, e.Cell}, "\x00")
			if !seen[key] {
				all = append(all, movedPackage{p, side, e.Candidate.Variant + " / " + e.Baseline.Variant, e.Cell, e.Verdict})
			}
			seen[key] = true
		}
	}
	return all
}

func movedTable(moved []movedPackage) *Table {
	t := &Table{
		Caption: "Packages whose instructions per handshake differ",
		Columns: columns("package", "difference", "baseline", "candidate", "where"),
	}
	numeric(t.Columns[:4], 1)
	for _, p := range moved {
		t.Rows = append(t.Rows, Row{Cells: cells(packageName(p.Name), difference(p.Package), figure(p.Baseline), figure(p.Candidate),
			p.side+" of "+p.sides+", "+p.cell)})
	}
	return t
}
