package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// Time says which classes the wall time of handshakes was made of: how candidates differ from the baseline, the mean
// and the slow handshakes of each variant, its phases, and how many handshakes were in each class as time went by.
func Time(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "time", Title: "Where the time goes", Short: "Time"}
	if len(a.Explanations) == 0 {
		return s, false
	}
	if said := differences(a.Differences); len(said) > 0 {
		s.Items = append(s.Items, Item{List: said})
	}
	if o := observing(a.Observer); o != "" {
		s.Items = append(s.Items, Item{Text: o})
	}
	s.Items = append(s.Items,
		Item{Page: true, Text: "By the observed blocks. At every instant a handshake is in exactly one class, so the classes add up to " +
			"its wall time on the server; the residual is what the observer lost."},
		Item{Page: true, Fold: "What the classes are", Table: glossary(a)})
	s.Items = append(s.Items, inCells(a, func(in []analysis.Explanation) []Item { return timeItems(a, in) })...)
	return s, true
}

// observing says what the observer costs those who are observed.
func observing(all []analysis.ObserverEffect) string {
	if len(all) == 0 {
		return ""
	}
	o := all[len(all)-1] // all variants together
	return fmt.Sprintf("Observing (%s) costs: the observed blocks have %s the server CPU per handshake of their twins. "+
		"Costs, rates and latencies elsewhere in this report are those of the twins.", o.Layers, ratio(&o.Ratio))
}

// glossary says what the classes are that the report shows.
func glossary(a *analysis.Analysis) *Table {
	t := &Table{Caption: "The classes of time, under the same number and colour in the whole report", Columns: columns("class", "a handshake is in it while")}
	for _, c := range classesOf(a.Explanations) {
		t.Rows = append(t.Rows, Row{Cells: []Cell{classCell(c), {Text: classGlosses[c]}}})
	}
	return t
}

// differences is a sentence for each candidate and cell.
func differences(all []analysis.CellDifference) []string {
	var said []string
	for _, d := range all {
		if d.Difference == nil {
			continue
		}
		sentence := d.Sentence(d.Candidate)
		if d.Cell != "" {
			sentence = d.Cell + ": " + sentence
		}
		said = append(said, sentence)
	}
	return said
}

func bySize(parts []attribution.Part) []attribution.Part {
	sorted := slices.Clone(parts)
	slices.SortStableFunc(sorted, func(x, y attribution.Part) int {
		return cmp.Compare(math.Abs(y.Value.Value), math.Abs(x.Value.Value))
	})
	return sorted
}

func timeItems(a *analysis.Analysis, in []analysis.Explanation) []Item {
	items := []Item{{Terminal: true, List: foundations(in)}}
	all := in
	in = slices.DeleteFunc(slices.Clone(all), func(e analysis.Explanation) bool { return e.Handshakes == 0 })
	if len(in) < len(all) {
		items = append(items, Item{Text: "Where no handshake was observed, there is no time to tell of."})
	}
	if len(in) == 0 {
		return items
	}
	for pair := range slices.Chunk(in, 2) { // more do not fit a terminal
		items = append(items, Item{Terminal: true, Table: briefIdentity(pair)})
	}
	if said := mostInPhases(in); len(said) > 0 {
		items = append(items, Item{Terminal: true, List: said})
	}
	items = append(items, Item{Page: true, Bars: classBars(a, in, "A mean handshake", mean)})
	if slow := slices.DeleteFunc(slices.Clone(in), func(e analysis.Explanation) bool { return !hasSlow(e) }); len(slow) > 0 {
		items = append(items, Item{Page: true, Bars: classBars(a, slow, "A handshake of the slowest 1 %", slowest)})
	}
	for _, d := range a.Differences {
		if d.Cell == in[0].Cell && d.Difference != nil && d.Groups > 0 {
			items = append(items, Item{Page: true, Fold: "How " + d.Candidate + " differs, by class", Table: differenceTable(d)})
		}
	}
	for _, e := range in {
		items = append(items, Item{Page: true, Table: identityTable(e)})
		if len(e.PhaseTimes) > 0 {
			items = append(items, Item{Page: true, Table: phaseTable(e)})
		}
		if chart := occupancy(a, e); chart != nil {
			items = append(items, Item{Page: true, Chart: chart})
		}
	}
	return items
}

// phasesInBrief is how many phases a terminal shows of a variant.
const phasesInBrief = 4

// mostInPhases names for each explanation the phases and classes that take most.
func mostInPhases(in []analysis.Explanation) (said []string) {
	type place struct {
		phase string
		class account.Class
		time  time.Duration
	}
	for _, e := range in {
		var all []place
		for i, times := range e.PhaseTimes {
			for c, d := range times {
				if d > 0 && i < len(e.Phases) {
					all = append(all, place{e.Phases[i], account.Class(c), d})
				}
			}
		}
		slices.SortStableFunc(all, func(x, y place) int { return cmp.Compare(y.time, x.time) })
		var words []string
		for _, p := range all[:min(len(all), phasesInBrief)] {
			words = append(words, fmt.Sprintf("%s %v %s", p.phase, p.class, plain(p.time.Seconds())))
		}
		if len(words) > 0 {
			said = append(said, subject(e)+", mostly: "+strings.Join(words, ", "))
		}
	}
	return said
}

func mean(r attribution.Row) float64     { return r.Mean.Value }
func usual(r attribution.Row) float64    { return r.P50 }
func slowest(r attribution.Row) float64  { return r.P99 }
func fraction(r attribution.Row) float64 { return r.Share }

// hasSlow says whether there were enough handshakes for the slowest hundredth to be known: else it is the mean again.
func hasSlow(e analysis.Explanation) bool { return e.Identity.Wall.P99 != e.Identity.Wall.Mean.Value }

// slowCell is the time of a row in the slowest handshakes, where it is known.
func slowCell(e analysis.Explanation, r attribution.Row) Cell {
	if !hasSlow(e) {
		return Cell{Text: "too few", Tone: Muted}
	}
	return Cell{Text: plain(r.P99)}
}

func foundations(in []analysis.Explanation) []string {
	var all []string
	for _, e := range in {
		all = append(all, subject(e)+": "+foundation(e))
	}
	return all
}

// classBars stacks the classes of each variant on one axis.
func classBars(a *analysis.Analysis, in []analysis.Explanation, caption string, of func(attribution.Row) float64) *Bars {
	longest := 0.0
	for _, e := range in {
		longest = max(longest, of(e.Identity.Wall))
	}
	b := &Bars{Caption: caption, By: "class", Shown: true}
	for _, e := range in {
		row := Bar{Head: headOf(a, e), Total: plain(of(e.Identity.Wall))}
		at := 0.0
		for _, r := range e.Identity.Rows {
			if v := of(r); v > 0 && longest > 0 {
				row.Segments = append(row.Segments, segment(at, 100*v/longest, classKey(r.Class), r.Class.String()+", "+seconds(v)))
				at += 100 * v / longest
			}
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

// segment is a part of a bar at a place, both in percent of the axis; it has its number where that fits.
func segment(at, width float64, key int, description string) Segment {
	return Segment{px(at) + "%", px(width) + "%", px(at+width/2) + "%", key, key > 0 && width >= 4, description}
}

// identityTable is the account of a variant's mean, usual and slow handshake.
func identityTable(e analysis.Explanation) *Table {
	t := &Table{Caption: "Per handshake, " + place(e) + ": " + foundation(e)}
	t.Columns = numeric(columns("class", "mean [95 % interval]", "share", "usual (p25 to p75)", "slowest 1 %"), 1)
	for _, r := range append(slices.Clip(e.Identity.Rows), e.Identity.Wall) {
		name := classCell(r.Class)
		if len(t.Rows) == len(e.Identity.Rows) {
			name = Cell{Text: "wall time"}
		}
		row := append([]Cell{name}, cells(span(r.Mean), part(r.Share), plain(r.P50))...)
		t.Rows = append(t.Rows, Row{Cells: append(row, slowCell(e, r))})
	}
	residual := Row{Cells: []Cell{{Text: "residual", Note: "p50 " + fine(e.Identity.Residual.P50) + ", p99 " + fine(e.Identity.Residual.P99)}}}
	for _, of := range []func(attribution.Row) float64{mean, fraction, usual, slowest} {
		residual.Cells = append(residual.Cells, Cell{Text: plain(leftOver(e.Identity, of))})
	}
	residual.Cells[2].Text = part(leftOver(e.Identity, fraction))
	if !hasSlow(e) {
		residual.Cells[4] = slowCell(e, e.Identity.Wall)
	}
	t.Rows = append(t.Rows, residual)
	return t
}

// leftOver is what the classes lack to the wall time; what rounding alone leaves is nothing.
func leftOver(i attribution.Identity, of func(attribution.Row) float64) float64 {
	left := of(i.Wall)
	for _, r := range i.Rows {
		left -= of(r)
	}
	if math.Abs(left) < 1e-9*math.Abs(of(i.Wall)) {
		return 0
	}
	return left
}

// fine is a share that should be tiny, with three decimals.
func fine(share float64) string {
	if notFinite(share) {
		return noValue
	}
	return signed(100*share, 3, "") + " %"
}

// briefIdentity puts the variants of a cell beside each other.
func briefIdentity(in []analysis.Explanation) *Table {
	t := &Table{Caption: "Mean time per handshake with its share, and the mean of the slowest 1 %", Columns: columns("class")}
	for _, e := range in {
		t.Columns = append(t.Columns, Column{Title: subject(e), Numeric: true}, Column{Title: "slowest 1 %", Numeric: true})
	}
	for _, c := range classesOf(in) {
		row := Row{Cells: []Cell{{Text: c.String()}}}
		for _, e := range in {
			row.Cells = append(row.Cells, meanAndTail(e, rowOf(e.Identity.Rows, c))...)
		}
		t.Rows = append(t.Rows, row)
	}
	wall := Row{Cells: cells("wall time")}
	residual := Row{Cells: cells("residual p50, p99")}
	for _, e := range in {
		wall.Cells = append(wall.Cells, Cell{Text: plain(e.Identity.Wall.Mean.Value)}, slowCell(e, e.Identity.Wall))
		residual.Cells = append(residual.Cells, cells(fine(e.Identity.Residual.P50), fine(e.Identity.Residual.P99))...)
	}
	t.Rows = append(t.Rows, wall, residual)
	return t
}

func meanAndTail(e analysis.Explanation, r *attribution.Row) []Cell {
	if r == nil {
		return cells(noValue, noValue)
	}
	return []Cell{{Text: plain(r.Mean.Value), Note: part(r.Share)}, slowCell(e, *r)}
}

// classesOf lists the classes that any of some explanations tells apart.
func classesOf(in []analysis.Explanation) []account.Class {
	var all []account.Class
	for c := range account.Class(account.Classes) {
		if slices.ContainsFunc(in, func(e analysis.Explanation) bool { return rowOf(e.Identity.Rows, c) != nil }) {
			all = append(all, c)
		}
	}
	return all
}

func rowOf(rows []attribution.Row, c account.Class) *attribution.Row {
	if i := slices.IndexFunc(rows, func(r attribution.Row) bool { return r.Class == c }); i >= 0 {
		return &rows[i]
	}
	return nil
}

func differenceTable(d analysis.CellDifference) *Table {
	t := &Table{Caption: d.Candidate + " minus the baseline, per handshake, from " + plural(d.Groups, "group")}
	t.Columns = numeric(columns("class", "difference [95 % interval]", "share"), 1)
	for _, p := range d.Parts {
		t.Rows = append(t.Rows, Row{Cells: append([]Cell{named(p.Name)}, cells(gain(p.Value), part(p.Share))...)})
	}
	t.Rows = append(t.Rows, Row{Cells: cells("wall time", gain(d.Wall), "100 %")})
	return t
}

// phaseTable has phases as rows and classes as columns.
func phaseTable(e analysis.Explanation) *Table {
	classes := classesOf([]analysis.Explanation{e})
	t := &Table{Caption: "Mean time by phase and class, " + place(e), Columns: columns("phase")}
	for _, c := range classes {
		t.Columns = append(t.Columns, Column{Title: c.String()})
	}
	t.Columns = numeric(append(t.Columns, Column{Title: "all"}, Column{Title: "share"}), 1)
	for i, times := range e.PhaseTimes[:min(len(e.PhaseTimes), len(e.Phases))] {
		row := cells(e.Phases[i])
		for _, c := range classes {
			row = append(row, faint(times[c].Seconds(), e.Identity.Wall.Mean.Value))
		}
		sum := times.Sum()
		t.Rows = append(t.Rows, Row{Cells: append(row, cells(took(sum), part(ratioTo(sum.Seconds(), e.Identity.Wall.Mean.Value)))...)})
	}
	return t
}

// faint greys a time that is below a two-hundredth of the whole.
func faint(v, whole float64) Cell {
	c := Cell{Text: plain(v)}
	if v < whole/200 {
		c.Tone = Muted
	}
	return c
}

// ratioTo is a share of a whole; 0 of nothing.
func ratioTo(v, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return v / whole
}
