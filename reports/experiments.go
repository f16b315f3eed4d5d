package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results/analysis"
)

// identities lists the experiments that ask what becomes of identities.
var identities = []string{
	"push", "resumption", "live", "keepalive", "outage", "start", "breaker", "storm", "staples", "federation", "jwt", "sources",
}

// Identity tells the experiments about identities, the age of what a server believes first.
func Identity(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "identity", Title: "Identity"}
	all := experimentsOf(a, true)
	s.Items = append(ageItems(a), experimentItems(all)...)
	return s, len(all) > 0
}

// Gateway tells all other experiments: about protocols of one port, and about certificate files.
func Gateway(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "gateway", Title: "Gateway and certificate files", Short: "Gateway"}
	all := experimentsOf(a, false)
	s.Items = experimentItems(all)
	return s, len(all) > 0
}

func experimentsOf(a *analysis.Analysis, identity bool) []experiment.Result {
	return slices.DeleteFunc(slices.Clone(a.Experiments), func(r experiment.Result) bool { return slices.Contains(identities, r.Name) != identity })
}

func experimentItems(all []experiment.Result) (items []Item) {
	for _, r := range all {
		items = append(items, Item{Heading: r.Name + ": " + r.Title}, Item{Page: true, Text: r.Doc})
		if r.Skipped != "" {
			items = append(items, Item{Doubt: "Not made here: " + r.Skipped})
			continue
		}
		measures := measuresOf(r)
		items = append(items, Item{Page: true, Table: numberedTable(armTable(r, measures))})
		for some := range slices.Chunk(measures, measuresAtOnce) {
			t := armTable(r, some)
			if t.Caption = r.Name; some[0] == measures[0] {
				t.Caption += ", took " + seconds(r.Took.Seconds())
			}
			items = append(items, Item{Terminal: true, Table: t})
		}
		if t := noticeTable(r); len(t.Rows) > 0 {
			items = append(items, Item{Page: true, Fold: "Arms of " + r.Name + ", and what was noticed", Table: t})
		}
		for _, arm := range r.Arms {
			if arm.Skipped != "" {
				items = append(items, Item{Doubt: arm.Name + " was not tried here: " + arm.Skipped})
			}
		}
	}
	return items
}

// measuresAtOnce is how many measures a terminal has side by side.
const measuresAtOnce = 4

// measuresOf lists the measures of an experiment in the order of the first arm that has them.
func measuresOf(r experiment.Result) []string {
	var all []string
	for _, arm := range r.Arms {
		for _, m := range arm.Measures {
			all = append(all, m.Name)
		}
	}
	return names(all...)
}

// armTable has a row for each arm. What an arm did not measure has no value.
func armTable(r experiment.Result, measures []string) *Table {
	t := &Table{Caption: r.Title + ", took " + seconds(r.Took.Seconds()), Columns: columns("arm")}
	for _, name := range measures {
		t.Columns = append(t.Columns, Column{Title: spaced(name)})
	}
	for _, arm := range r.Arms {
		if arm.Skipped != "" {
			continue
		}
		row := []Cell{{Text: arm.Name, Note: string(arm.Role)}}
		for _, name := range measures {
			row = append(row, measureCell(arm, name))
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

func numberedTable(t *Table) *Table {
	numeric(t.Columns, 1)
	return t
}

// spaced is a measure's name in words: push_p99 is "push p99".
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

func measureCell(arm experiment.Arm, name string) Cell {
	m, ok := arm.Measure(name)
	if !ok {
		return Cell{Text: noValue, Tone: Muted}
	}
	return Cell{Text: strings.TrimSpace(measureText(m) + " " + within(m.Low, m.High, m.Unit)), Note: restsOn(m)}
}

// measureText writes a measure with its unit: "4.10 ms", "7 of 8 handshakes".
func measureText(m experiment.Measure) string {
	text := quantity(m.Value, m.Unit)
	if number, unit, ok := strings.Cut(text, " "); ok && m.Of > 1 && unit == m.Unit && unit != "s" && unit != "B" {
		return number + " of " + count(m.Of) + " " + unit
	}
	return text
}

// restsOn is on how many things a measure rests that does not say so itself.
func restsOn(m experiment.Measure) string {
	if m.Of > 1 && !strings.Contains(measureText(m), " of ") {
		return "of " + count(m.Of)
	}
	return ""
}

// within writes an interval; empty where there is none.
func within(low, high *float64, unit string) string {
	if low == nil || high == nil {
		return ""
	}
	return "[" + strings.Join([]string{unbroken(quantity(*low, unit)), unbroken(quantity(*high, unit))}, ", ") + "]"
}

// noticeTable says what each arm was, and what was noticed of it.
func noticeTable(r experiment.Result) *Table {
	t := &Table{Caption: fmt.Sprintf("Arms of %s", r.Name), Columns: columns("arm", "setting", "noticed")}
	for _, arm := range r.Arms {
		if arm.Doc != "" || len(arm.Notes) > 0 {
			t.Rows = append(t.Rows, Row{Cells: cells(arm.Name, arm.Doc, strings.Join(arm.Notes, "; "))})
		}
	}
	return t
}

// unbroken keeps a number and its unit on one line.
func unbroken(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }
