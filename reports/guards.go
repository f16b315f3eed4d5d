package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
)

// Guards says which conditions held in how many of the measured blocks, and what was seen where one did not. What an
// observed block explains is judged by the self-audit.
func Guards(a *analysis.Analysis) (Section, bool) {
	blocks := unobserved(a.Blocks)
	tallies := guardTallies(blocks)
	if len(tallies) == 0 {
		return Section{}, false
	}
	s := Section{ID: "guards", Title: "Guards", Items: []Item{{Text: validSentence(blocks)}}}
	s.Items = append(s.Items, Item{Page: true, Text: "A guard is a condition without which a block says nothing. A block " +
		"that violates one is in no value and no ratio. One that the machine disturbed is in them only where too few others are quiet."})
	s.Items = append(s.Items, Item{Page: true, Table: guardTable(tallies)})
	if t := alarmTable(blocks, "Guards violated", analysis.Violated); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Page: true, Table: t}, Item{Terminal: true, List: violations(blocks)})
	}
	if t := alarmTable(blocks, "Guards disturbed, client-bound or unknown", analysis.Disturbed, analysis.ClientBound, analysis.Unknown); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Page: true, Fold: "Guards that were disturbed, client-bound or unknown", Table: t})
	}
	return s, true
}

func unobserved(blocks []analysis.Block) []analysis.Block {
	return slices.DeleteFunc(slices.Clone(blocks), func(b analysis.Block) bool { return b.Observed })
}

func validSentence(blocks []analysis.Block) string {
	valid := 0
	for _, b := range blocks {
		if b.Valid {
			valid++
		}
	}
	if n := disturbed(blocks); n > 0 && valid == len(blocks) {
		return fmt.Sprintf("No block violated a guard, but the machine disturbed %d of %s.", n, plural(len(blocks), "block"))
	}
	every := all(len(blocks), "block")
	switch n := len(blocks); {
	case n == 1:
		return "The only block is " + map[bool]string{true: "valid.", false: "not valid."}[valid == 1]
	case valid == n:
		return strings.ToUpper(every[:1]) + every[1:] + " are valid."
	case valid == 0:
		return fmt.Sprintf("None of %s is valid.", plural(n, "block"))
	default:
		return fmt.Sprintf("%d of %s are valid.", valid, plural(n, "block"))
	}
}

func disturbed(blocks []analysis.Block) (n int) {
	for _, b := range blocks {
		if slices.ContainsFunc(b.Guards, func(g analysis.Guard) bool { return g.State == analysis.Disturbed }) {
			n++
		}
	}
	return n
}

// violations is a line for each guard that some block violates.
func violations(blocks []analysis.Block) []string {
	var lines []string
	for _, t := range guardTallies(blocks) {
		n := t.states[analysis.Violated]
		if n == 0 {
			continue
		}
		b, g := firstViolation(blocks, t.name)
		lines = append(lines, fmt.Sprintf("%s violated in %s, first in block %d of %s: %s", t.name, plural(n, "block"), b.Index, b.Variant, g.Detail))
	}
	return lines
}

func firstViolation(blocks []analysis.Block, guard string) (analysis.Block, analysis.Guard) {
	for _, b := range blocks {
		for _, g := range b.Guards {
			if g.Name == guard && g.State == analysis.Violated {
				return b, g
			}
		}
	}
	return analysis.Block{}, analysis.Guard{}
}

type guardTally struct {
	name   string
	states map[analysis.State]int
}

func states() []analysis.State {
	return []analysis.State{analysis.Passed, analysis.Violated, analysis.Disturbed, analysis.ClientBound, analysis.Unknown}
}

// guardTallies counts the states of each guard, in the order in which guards appear.
func guardTallies(blocks []analysis.Block) []guardTally {
	var all []guardTally
	at := map[string]int{}
	for _, b := range blocks {
		for _, g := range b.Guards {
			i, seen := at[g.Name]
			if !seen {
				i = len(all)
				at[g.Name] = i
				all = append(all, guardTally{g.Name, map[analysis.State]int{}})
			}
			all[i].states[g.State]++
		}
	}
	return all
}

func guardTable(tallies []guardTally) *Table {
	t := &Table{Caption: "Blocks by guard and state", Columns: columns("guard")}
	for _, s := range states() {
		t.Columns = append(t.Columns, Column{Title: string(s), Numeric: true})
	}
	for _, g := range tallies {
		row := cells(g.name)
		for _, s := range states() {
			row = append(row, stateCell(s, g.states[s]))
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

func stateCell(s analysis.State, n int) Cell {
	c := Cell{Text: count(uint64(n)), Tone: Doubt}
	switch {
	case n == 0:
		c.Tone = Muted
	case s == analysis.Passed:
		c.Tone = Good
	case s == analysis.Violated:
		c.Tone = Bad
	}
	return c
}

// alarm is a guard in a state other than passed, in some blocks of one variant in one cell.
type alarm struct {
	cell, variant, guard string
	state                analysis.State
}

// alarmTable lists the guards in one of the given states, with the detail of the first such block.
func alarmTable(blocks []analysis.Block, caption string, in ...analysis.State) *Table {
	t := &Table{Caption: caption, Columns: columns("guard", "state", "cell", "variant", "blocks", "first seen")}
	t.Columns[4].Numeric = true
	var order []alarm
	counts, details := map[alarm]int{}, map[alarm]string{}
	for _, b := range blocks {
		for _, g := range b.Guards {
			k := alarm{b.Cell, b.Variant, g.Name, g.State}
			if !slices.Contains(in, g.State) {
				continue
			}
			if counts[k]++; counts[k] == 1 {
				order = append(order, k)
				details[k] = fmt.Sprintf("block %d: %s", b.Index, g.Detail)
			}
		}
	}
	for _, k := range order {
		state := Cell{Text: string(k.state), Tone: stateCell(k.state, 1).Tone}
		row := append(cells(k.guard), state)
		t.Rows = append(t.Rows, Row{Cells: append(row, cells(k.cell, k.variant, fmt.Sprint(counts[k]), details[k])...)})
	}
	return t
}
