package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

const operationsInBrief = 5 // that a terminal shows of a variant

// Operations says what on-CPU time was spent on, and in which phase. What rests on samples is marked, as the exact
// times beside it are sums of every switch between threads.
func Operations(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "operations", Title: "CPU by operation and phase", Short: "Operations"}
	keys := operationKeys(a)
	s.Items = inCells(a, func(in []analysis.Explanation) []Item { return operationItems(a, in, keys) })
	if len(s.Items) == 0 {
		return s, false
	}
	intro := Item{Page: true, Text: "≈ marks what rests on samples: the share of the samples with its binomial interval, times the exact " +
		"on-CPU time of the process. Numbers without it are exact. Numbers and colours stand for the same operation in all cells."}
	s.Items = append([]Item{intro}, s.Items...)
	return s, true
}

// sampled marks a number that rests on samples.
func sampled(text string) string { return "≈\u00a0" + text }

// operationKeys numbers the operations from 1, by their largest time in any explanation.
func operationKeys(a *analysis.Analysis) map[string]int {
	most := map[string]float64{}
	for _, e := range a.Explanations {
		for _, o := range e.Operations {
			most[o.Name] = max(most[o.Name], o.Seconds)
		}
	}
	var all []string
	for name := range most {
		all = append(all, name)
	}
	slices.SortFunc(all, func(x, y string) int { return cmp.Or(cmp.Compare(most[y], most[x]), strings.Compare(x, y)) })
	keys := map[string]int{}
	for i, name := range all {
		keys[name] = i + 1
	}
	return keys
}

func operationItems(a *analysis.Analysis, in []analysis.Explanation, keys map[string]int) []Item {
	in = slices.DeleteFunc(slices.Clone(in), func(e analysis.Explanation) bool { return len(e.Operations) == 0 })
	if len(in) == 0 {
		return nil
	}
	items := []Item{{Page: true, Bars: operationBars(a, in, keys)}}
	for _, e := range in {
		items = append(items, Item{Page: true, Table: operationTable(e, keys)})
	}
	return append(items, Item{Terminal: true, Table: operationBrief(in)})
}

// costliest sorts operations by their time.
func costliest(all []attribution.Operation) []attribution.Operation {
	return slices.SortedStableFunc(slices.Values(all), func(x, y attribution.Operation) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(y.Share.Value, x.Share.Value), strings.Compare(x.Name, y.Name))
	})
}

// onCPU is the exact CPU time per handshake that the shares are of.
func onCPU(all []attribution.Operation) float64 {
	seconds, share := 0.0, 0.0
	for _, o := range all {
		seconds, share = seconds+o.Seconds, share+o.Share.Value
	}
	return ratioTo(seconds, share)
}

func operationBars(a *analysis.Analysis, in []analysis.Explanation, keys map[string]int) *Bars {
	longest := 0.0
	for _, e := range in {
		longest = max(longest, onCPU(e.Operations))
	}
	b := &Bars{Caption: "CPU of the observed process per handshake, all that it did, by operation, ≈", By: "operation", Shown: true}
	for _, e := range in {
		row := Bar{Head: headOf(a, e), Total: plain(onCPU(e.Operations))}
		at := 0.0
		for _, o := range costliest(e.Operations) {
			if width := 100 * ratioTo(o.Seconds, longest); width > 0 {
				row.Segments = append(row.Segments, segment(at, width, keys[o.Name], o.Name+", "+sampled(seconds(o.Seconds))+", "+part(o.Share.Value)))
				at += width
			}
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

// operationTable has operations as rows and phases as columns; its last row has the exact times.
func operationTable(e analysis.Explanation, keys map[string]int) *Table {
	phases := sampledPhases(e)
	t := &Table{Caption: "CPU per handshake by operation and phase, " + place(e), Columns: columns("operation", "share [95 % interval]", "per handshake")}
	for _, p := range phases {
		t.Columns = append(t.Columns, Column{Title: cmp.Or(p, "outside of handshakes")})
	}
	t.Columns = numeric(t.Columns, 1)
	whole := onCPU(e.Operations)
	for _, o := range costliest(e.Operations) {
		row := []Cell{{Text: o.Name, Key: keys[o.Name]}, {Text: sampled(shares(o.Share))}, {Text: sampled(plain(o.Seconds))}}
		for _, p := range phases {
			row = append(row, sampledCell(o.Phases[p]*whole, whole))
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	exact := append(cells("on-CPU time"), Cell{Text: "exact"}, Cell{Text: plain(whole)})
	for _, p := range phases {
		exact = append(exact, Cell{Text: exactPhase(e, p, whole)})
	}
	t.Rows = append(t.Rows, Row{Cells: exact})
	return t
}

// sampledPhases lists the phases that samples fell into: the handshake's in their order, then the others, then what
// is outside of handshakes.
func sampledPhases(e analysis.Explanation) []string {
	seen := map[string]bool{}
	for _, o := range e.Operations {
		for p := range o.Phases {
			seen[p] = true
		}
	}
	all := slices.DeleteFunc(slices.Clone(e.Phases), func(p string) bool { return !seen[p] })
	var others []string
	for p := range seen {
		if p != "" && !slices.Contains(all, p) {
			others = append(others, p)
		}
	}
	slices.Sort(others)
	all = append(all, others...)
	if seen[""] {
		all = append(all, "")
	}
	return all
}

func sampledCell(v, whole float64) Cell {
	if v == 0 {
		return Cell{Text: "not seen", Tone: Muted}
	}
	c := faint(v, whole)
	c.Text = sampled(c.Text)
	return c
}

// exactPhase is the on-CPU time of a phase by the account of its handshakes. What they leave of the whole process is
// outside of handshakes. An account that does not tell who was on a CPU has neither.
func exactPhase(e analysis.Explanation, phase string, whole float64) string {
	if rowOf(e.Identity.Rows, account.User) == nil {
		return noValue
	}
	left := whole
	for i, times := range e.PhaseTimes[:min(len(e.PhaseTimes), len(e.Phases))] {
		on := (times[account.User] + times[account.Kernel]).Seconds()
		if left -= on; e.Phases[i] == phase {
			return plain(on)
		}
	}
	if phase != "" || len(e.PhaseTimes) == 0 || left < 0 {
		return noValue
	}
	return plain(left)
}

// operationBrief names the costliest operations, a line for each variant.
func operationBrief(in []analysis.Explanation) *Table {
	t := &Table{Caption: "CPU of the observed process per handshake, all that it did, and the operations that took most of it", Columns: columns("", "", "")}
	for _, e := range in {
		var said []string
		for _, o := range costliest(e.Operations)[:min(operationsInBrief, len(e.Operations))] {
			said = append(said, fmt.Sprintf("%s ≈\u00a0%s", o.Name, part(o.Share.Value)))
		}
		t.Rows = append(t.Rows, Row{Cells: cells(subject(e), plain(onCPU(e.Operations)), strings.Join(said, ", "))})
	}
	return t
}
