package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
)

// Ablation says what each CPU feature is worth: for candidates that differ from the baseline in CPU options only, the
// effect on server CPU, the primitives that should run other code, and whether the profiles show that they do.
func Ablation(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "ablation", Title: "What each CPU feature is worth", Short: "Ablation"}
	all := a.Ablations()
	if len(all) == 0 {
		return s, false
	}
	for _, c := range a.Manifest.Cells {
		if t := featureTable(a, all, c.Name); len(t.Rows) > 0 {
			s.Items = append(s.Items, Item{Table: t})
		}
	}
	if t := changeTable(a, all); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Table: t})
	}
	for _, ab := range all {
		for _, w := range ab.Warnings() {
			s.Items = append(s.Items, Item{Doubt: ab.Variant + ": " + w})
		}
	}
	if idle := withoutChange(all); len(idle) > 0 && len(a.Codes) > 0 {
		s.Items = append(s.Items, Item{List: idle})
	}
	return s, len(s.Items) > 0
}

// featureTable has a row for each option: the effect on server CPU in a cell, and the primitives that it should change.
func featureTable(a *analysis.Analysis, all []analysis.Ablation, cell string) *Table {
	t := &Table{Caption: "Server CPU per handshake, " + cell, Columns: columns("option", "effect [interval]", "expected to change", "seen to change")}
	for _, ab := range all {
		for _, e := range a.Effects {
			if e.Metric != headline || e.Candidate.Variant != ab.Variant || e.Cell != cell {
				continue
			}
			expected, seen := changesIn(ab, cell)
			row := cells(optionsOf(ab), ratio(e.Ratio)+" "+string(e.Verdict), expected, seen)
			row[1].Tone = toneOf(e.Verdict)
			t.Rows = append(t.Rows, Row{Cells: row})
		}
	}
	return t
}

// optionsOf is what a candidate switches: "aes=off".
func optionsOf(ab analysis.Ablation) string {
	return strings.ReplaceAll(strings.Join(ab.Options, ", "), "cpu.", "")
}

// changesIn names the primitives of a cell that should change, and what the profiles show of them.
func changesIn(ab analysis.Ablation, cell string) (expected, seen string) {
	var should []string
	shows := map[analysis.Showing][]string{}
	for _, c := range ab.Changes {
		if c.Cell == cell {
			should = append(should, string(c.To.Primitive))
			shows[c.Showing] = append(shows[c.Showing], string(c.To.Primitive))
		}
	}
	var said []string
	for _, s := range []struct {
		as   analysis.Showing
		lead string
	}{{analysis.Changed, ""}, {analysis.Unchanged, "not "}, {analysis.Untold, "not told of "}} {
		if len(shows[s.as]) > 0 {
			said = append(said, s.lead+strings.Join(shows[s.as], ", "))
		}
	}
	return orNone(strings.Join(should, ", ")), strings.Join(said, "; ")
}

// changeTable has a row for each option and primitive that should run other code.
func changeTable(a *analysis.Analysis, all []analysis.Ablation) *Table {
	t := &Table{
		Caption: "Primitives that should run other code; ratio: time of the candidate / baseline, timed alone",
		Columns: columns("option", "primitive", "expected", "seen", "timed alone"),
	}
	for _, ab := range all {
		for _, c := range inOneCell(ab.Changes) {
			t.Rows = append(t.Rows, Row{Cells: []Cell{
				{Text: optionsOf(ab)}, {Text: string(c.To.Primitive)}, {Text: c.From.Code + " → " + c.To.Code},
				showingCell(c), {Text: timedAlone(a, ab.Variant, c.Timed)},
			}})
		}
	}
	return t
}

// inOneCell keeps each primitive once: silent before all, then what profiles show.
func inOneCell(changes []analysis.Change) []analysis.Change {
	sorted := slices.Clone(changes)
	slices.SortStableFunc(sorted, func(x, y analysis.Change) int {
		if order := first(x.Silent, y.Silent); order != 0 {
			return order
		}
		return first(x.Showing == analysis.Changed, y.Showing == analysis.Changed)
	})
	var once []analysis.Change
	for _, c := range changes {
		at := slices.IndexFunc(sorted, func(s analysis.Change) bool { return s.To.Primitive == c.To.Primitive })
		if !slices.ContainsFunc(once, func(o analysis.Change) bool { return o.To.Primitive == c.To.Primitive }) {
			once = append(once, sorted[at])
		}
	}
	return once
}

func showingCell(c analysis.Change) Cell {
	switch c.Showing {
	case analysis.Changed:
		return Cell{Text: functionOf(c.From) + " → " + functionOf(c.To)}
	case analysis.Unchanged:
		return Cell{Text: functionOf(c.To) + " as before", Tone: Doubt}
	}
	if from, to := functionOf(c.From), functionOf(c.To); len(c.To.Seen) > 0 && from == to {
		return Cell{Text: from + " for both", Tone: Muted}
	}
	return Cell{Text: "not told", Note: "too few samples", Tone: Muted}
}

// functionOf is the function of a primitive in which most time was seen.
func functionOf(c analysis.Code) string {
	if len(c.Seen) == 0 {
		return "not seen"
	}
	return shortFunction(c.Seen[0].Function)
}

// timedAlone is the ratios of some operations of a candidate.
func timedAlone(a *analysis.Analysis, candidate string, operations []string) string {
	var said []string
	for _, p := range a.Primitives {
		if p.Variant == candidate && slices.Contains(operations, p.Name) && p.Ratio != nil {
			said = append(said, fmt.Sprintf("%s %s", p.Name, ratio(p.Ratio)))
		}
	}
	if len(said) == 0 {
		return "not timed"
	}
	return strings.Join(said, ", ")
}

// withoutChange names the options that change the code of no primitive of these handshakes.
func withoutChange(all []analysis.Ablation) []string {
	var said []string
	for _, ab := range all {
		if len(ab.Changes) == 0 {
			said = append(said, optionsOf(ab)+": none of these primitives would run other code; the hashes within signatures are not among them")
		}
	}
	return said
}
