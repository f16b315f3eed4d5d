package reports

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results/analysis"
)

// crashItems tells what servers serve that died at a point of a rotation and came back.
func crashItems(all []analysis.Scored) []Item {
	brief := crashBrief(all)
	if len(brief.Rows) == 0 {
		return nil
	}
	items := []Item{{Table: brief}}
	for _, s := range all {
		if len(s.Crash) > 0 {
			items = append(items, Item{Page: true, Fold: "Crashes of " + s.Target + ", by point and state of the files", Table: crashTable(s)})
		}
	}
	return items
}

// crashBrief counts the cells of each matrix, and what came of kills in a row.
func crashBrief(all []analysis.Scored) *Table {
	t := &Table{Caption: "Crashes, and what is served after them", Columns: numeric(columns("strategy", "crashes", "as allowed", "regressed", "serve nothing", "kills", "regressed", "serve nothing"), 1)}
	for _, s := range all {
		if s.Crashes.Cells == 0 && s.Kills == nil {
			continue
		}
		c := s.Crashes
		row := []Cell{{Text: s.Target}, {Text: count(whole(c.Cells))}, outOf(c.Cells-c.Defects, c.Cells), fault(whole(c.Regressed)), {Text: count(whole(c.Silent))}}
		t.Rows = append(t.Rows, Row{Cells: append(row, killCells(s.Kills)...)})
	}
	return t
}

func killCells(k *scorecard.Kills) []Cell {
	if k == nil {
		return []Cell{ofNone(), ofNone(), ofNone()}
	}
	return []Cell{{Text: count(whole(k.Kills))}, fault(whole(k.Regressed)), fault(whole(k.Mute))}
}

// crashTable has points as rows and states of the files as columns; of several ways to die it shows the worst.
func crashTable(s analysis.Scored) *Table {
	points, states := names(crashNames(s, func(c scorecard.Crash) string { return c.Point })...), names(crashNames(s, func(c scorecard.Crash) string { return c.Files })...)
	t := &Table{Caption: "Generation that " + s.Target + " serves after a crash; ● allowed, ◆ not", Columns: columns("died at")}
	for _, f := range states {
		t.Columns = append(t.Columns, Column{Title: f + " files"})
	}
	for _, p := range points {
		row := cells(p)
		for _, f := range states {
			row = append(row, crashCell(s.Crash, p, f))
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

func crashNames(s analysis.Scored, of func(scorecard.Crash) string) []string {
	var all []string
	for _, c := range s.Crash {
		all = append(all, of(c))
	}
	return all
}

func crashCell(all []scorecard.Crash, point, files string) Cell {
	here := slices.DeleteFunc(slices.Clone(all), func(c scorecard.Crash) bool { return c.Point != point || c.Files != files })
	if len(here) == 0 {
		return Cell{Text: "not tried", Tone: Muted}
	}
	worst := slices.MinFunc(here, func(x, y scorecard.Crash) int {
		return cmp.Or(first(len(x.Defects) > 0, len(y.Defects) > 0), cmp.Compare(x.After, y.After))
	})
	c := Cell{Text: "●\u00a0" + servedAfter(worst), Tone: Good}
	if len(worst.Defects) > 0 {
		c = Cell{Text: "◆\u00a0" + servedAfter(worst), Note: worst.How, Tone: Bad}
	}
	return c
}

// servedAfter is "2", "1 after 2" or "nothing after 2".
func servedAfter(c scorecard.Crash) string {
	switch {
	case c.After == 0:
		return fmt.Sprintf("nothing after %d", c.Before)
	case c.After < c.Before:
		return fmt.Sprintf("%d after %d", c.After, c.Before)
	}
	return count(c.After)
}
