package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results/analysis"
)

// soakItems tells of many rotations in a row: how fast they were adopted, and what did not stay flat.
func soakItems(all []analysis.Scored) []Item {
	times := &Table{Caption: "Many rotations in a row, each when the one before was adopted or given up"}
	times.Columns = numeric(columns("strategy", "rotations", "adopted", "adopted after p50", "p90", "p99", "p99.9", "longest", "published after p50", "p99",
		"handshakes failed", "regressed", "dropped"), 1)
	held := &Table{Caption: "What its process held before and after them"}
	held.Columns = numeric(columns("strategy", "descriptors", "watches", "goroutines", "heap objects", "live heap", "resident"), 1)
	held.Columns = append(held.Columns, Column{Title: "leaks"})
	brief := &Table{Caption: "Many rotations in a row", Columns: numeric(columns("strategy", "adopted", "p50", "p99", "longest", "failed", "dropped"), 1)}
	for _, s := range all {
		for _, n := range soaksOf(s) {
			times.Rows = append(times.Rows, Row{Cells: soakCells(n.name, n.soak)})
			held.Rows = append(held.Rows, Row{Cells: resourceCells(n.name, n.soak)})
			brief.Rows = append(brief.Rows, Row{Cells: soakBrief(n.name, n.soak)})
		}
	}
	if len(times.Rows) == 0 {
		return nil
	}
	return []Item{{Page: true, Table: times}, {Page: true, Table: held}, {Terminal: true, Table: brief}}
}

type namedSoak struct {
	name string
	soak *scorecard.Soak
}

// soaksOf is that of the server alone, then that of the server which is told.
func soaksOf(s analysis.Scored) []namedSoak {
	var all []namedSoak
	if s.Soak != nil {
		all = append(all, namedSoak{s.Target, s.Soak})
	}
	if s.Command != nil {
		all = append(all, namedSoak{s.Target + ", commanded", s.Command})
	}
	return all
}

func soakCells(name string, s *scorecard.Soak) []Cell {
	row := []Cell{{Text: name, Note: s.Died}, {Text: count(whole(s.Rotations))}, outOf(s.Adopted, s.Rotations)}
	for i := range soakShares {
		row = append(row, Cell{Text: soaked(s, i)})
	}
	row = append(row, cells(quantileOf(s.Published, 0, s.Adopted), quantileOf(s.Published, 2, s.Adopted))...)
	return append(row, fault(s.Failed), fault(s.Regressed), fault(whole(s.Dropped)))
}

func soakBrief(name string, s *scorecard.Soak) []Cell {
	return []Cell{
		{Text: name}, outOf(s.Adopted, s.Rotations), {Text: soaked(s, 0)}, {Text: soaked(s, 2)}, {Text: soaked(s, 4)}, fault(s.Failed), fault(whole(s.Dropped)),
	}
}

func resourceCells(name string, s *scorecard.Soak) []Cell {
	b, f := s.Before, s.Finally
	row := cells(name, moved(b.Descriptors, f.Descriptors, plainCount), moved(b.Watches, f.Watches, plainCount), moved(b.Goroutines, f.Goroutines, plainCount),
		moved(b.HeapObjects, f.HeapObjects, plainCount), moved(b.HeapLive, f.HeapLive, megabytes), moved(b.Resident, f.Resident, megabytes))
	return append(row, flat(s.Leaks))
}

// moved is "12 → 13"; what is not known is below zero.
func moved(before, finally int64, write func(int64) string) string {
	if before < 0 || finally < 0 {
		return noValue
	}
	return write(before) + " → " + write(finally)
}

func plainCount(n int64) string { return count(whole(n)) }

func megabytes(n int64) string { return digits(float64(n)/(1<<20), 3) + " MiB" }

// memoryItems says how many retired keys were found in the memory of a process.
func memoryItems(all []analysis.Scored) []Item {
	t := &Table{Caption: "Retired keys that are in the process's memory still", Columns: numeric(columns("strategy", "retired", "found", "scanned"), 1)}
	t.Columns = append(t.Columns, columns("copies", "secrets erased")...)
	for _, s := range all {
		if m := s.Memory; m != nil {
			t.Rows = append(t.Rows, Row{Cells: []Cell{
				{Text: s.Target}, {Text: count(whole(m.Retired))}, fault(whole(m.Found)), {Text: megabytes(m.Scanned)}, {Text: copies(m)},
				{Text: map[bool]string{true: "by GOEXPERIMENT=runtimesecret", false: "no"}[m.Erased]},
			}})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []Item{{Table: t}}
}

func copies(m *scorecard.Memory) string {
	var said []string
	for _, form := range slices.Sorted(maps.Keys(m.Copies)) {
		if n := m.Copies[form]; n > 0 {
			said = append(said, fmt.Sprintf("%s %s", count(whole(n)), form))
		}
	}
	return orNone(strings.Join(said, ", "))
}
