package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

const (
	correlationsShown = 12 // at once
	correlationsKept  = 60 // when opened
	partsInBrief      = 4
	raisedShown       = 5 // in an episode
)

// Tail says what slow handshakes have more of than usual ones, what goes with slow windows, and shows the slowest
// handshakes of each episode.
func Tail(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "tail", Title: "What goes with the tail", Short: "Tail"}
	s.Items = inCells(a, func(in []analysis.Explanation) []Item {
		var items []Item
		for _, e := range in {
			items = append(items, tailItems(e)...)
		}
		return items
	})
	if len(s.Items) == 0 {
		return s, false
	}
	intro := Item{Page: true, Text: "Differences by class are exact sums: they say what slow handshakes are made of. Correlations and episodes " +
		"say what goes with slow windows, never what causes them."}
	s.Items = append([]Item{intro}, s.Items...)
	return s, true
}

func tailItems(e analysis.Explanation) []Item {
	said := tailSentences(e)
	if len(said) == 0 {
		return nil
	}
	items := []Item{{List: said}}
	if e.Tail != nil {
		items = append(items, Item{Page: true, Table: tailTable(e)})
		if len(e.Tail.Operations) > 0 {
			items = append(items, Item{Page: true, Fold: "On-CPU time by operation in slow and usual windows, sampled", Table: slowOperations(e)})
		}
	}
	notable, others := byNotability(e.Correlations)
	if len(notable) > 0 {
		items = append(items, Item{Page: true, Table: correlationTable(e, notable, "What goes with windows of high "+e.Tracked)})
	}
	if len(others) > 0 {
		fold := plural(len(others), "other quantity")
		if len(others) > 1 {
			fold = count(uint64(len(others))) + " other quantities"
		}
		items = append(items, Item{Page: true, Fold: fold, Table: correlationTable(e, others, "Other quantities against "+e.Tracked)})
	}
	return append(items, episodeItems(e)...)
}

// tailSentences is what a terminal shows of one variant: the difference, the strongest correlation, the episodes.
func tailSentences(e analysis.Explanation) []string {
	var said []string
	if t := e.Tail; t != nil {
		said = append(said, fmt.Sprintf("%s: the slowest 1 %% take %s longer than the faster half: %s", subject(e), span(t.Wall), shareList(t.Parts)))
	}
	notable, others := byNotability(e.Correlations)
	switch {
	case len(notable) > 0:
		said = append(said, fmt.Sprintf("%s: %s of %s goes with %s", subject(e), e.Tracked, "a window", strongest(notable)))
	case len(others) > 0:
		said = append(said, fmt.Sprintf("%s: of %d quantities none goes with the %s of a window beyond chance", subject(e), len(others), e.Tracked))
	}
	if n := len(e.Episodes); n > 0 {
		worst := slices.MaxFunc(e.Episodes, func(x, y attribution.Episode) int { return cmp.Compare(x.Tracked, y.Tracked) })
		said = append(said, fmt.Sprintf("%s: %s; in the highest, %s is %s where %s is usual; far above their median: %s", subject(e), plural(n, "episode"),
			e.Tracked, plain(worst.Tracked), plain(worst.Usual), orNone(quantities(worst.Raised))))
	}
	return said
}

// quantities names those that were raised most.
func quantities(all []attribution.Raised) string {
	var said []string
	for _, r := range all[:min(len(all), partsInBrief)] {
		said = append(said, quantityOf(r.Kind, r.Name))
	}
	return strings.Join(said, ", ")
}

// shareList names the largest parts of a difference with their shares.
func shareList(parts []attribution.Part) string {
	var said []string
	for _, p := range bySize(parts)[:min(len(parts), partsInBrief)] {
		said = append(said, fmt.Sprintf("%s %s (%s)", p.Name, gain(attribution.Interval{Value: p.Value.Value}), part(p.Share)))
	}
	return orNone(strings.Join(said, ", "))
}

func strongest(all []attribution.Correlation) string {
	var said []string
	for _, c := range all[:min(len(all), partsInBrief)] {
		said = append(said, quantityOf(c.Kind, c.Name)+" "+coefficient(c.Rho))
	}
	return strings.Join(said, ", ")
}

// quantityOf names a quantity of a window: "run queue", "syscall futex".
func quantityOf(kind, name string) string {
	if kind == "class" || kind == "" {
		return name
	}
	return kind + " " + name
}

func tailTable(e analysis.Explanation) *Table {
	t := &Table{Caption: fmt.Sprintf("%s: mean of the slowest %s minus mean of the faster %s", place(e), count(uint64(e.Tail.Slow)), count(uint64(e.Tail.Usual)))}
	t.Columns = numeric(columns("class", "difference [95 % interval]", "share", "share of the variance"), 1)
	for _, p := range e.Tail.Parts {
		t.Rows = append(t.Rows, Row{Cells: append([]Cell{named(p.Name)}, cells(gain(p.Value), part(p.Share), varianceOf(e, p.Name))...)})
	}
	t.Rows = append(t.Rows, Row{Cells: cells("wall time", gain(e.Tail.Wall), "100 %", map[bool]string{true: "100 %", false: noValue}[len(e.Variance) > 0])})
	return t
}

func varianceOf(e analysis.Explanation, class string) string {
	for _, s := range e.Variance {
		if s.Class.String() == class {
			return part(s.Share)
		}
	}
	return noValue
}

func slowOperations(e analysis.Explanation) *Table {
	t := &Table{Caption: "CPU per handshake by operation, slow windows minus usual ones, " + place(e)}
	t.Columns = numeric(columns("operation", "difference [95 % interval]"), 1)
	for _, p := range bySize(e.Tail.Operations) {
		t.Rows = append(t.Rows, Row{Cells: cells(p.Name, sampled(gain(p.Value)))})
	}
	return t
}

// byNotability separates the notable correlations from the others, the strongest first in both.
func byNotability(all []attribution.Correlation) (notable, others []attribution.Correlation) {
	for _, c := range slices.SortedStableFunc(slices.Values(all), func(x, y attribution.Correlation) int {
		return cmp.Or(cmp.Compare(math.Abs(y.Rho.Value), math.Abs(x.Rho.Value)), strings.Compare(x.Name, y.Name))
	}) {
		if c.Notable {
			notable = append(notable, c)
		} else {
			others = append(others, c)
		}
	}
	if len(notable) > correlationsShown {
		notable, others = notable[:correlationsShown], append(notable[correlationsShown:], others...)
	}
	return notable, others
}

func correlationTable(e analysis.Explanation, all []attribution.Correlation, caption string) *Table {
	t := &Table{Caption: caption + ", " + place(e)}
	t.Columns = numeric(columns("quantity", "rank correlation [95 % interval]", "rate held fixed", "leads by", "p", "beyond chance"), 1)
	for _, c := range all[:min(len(all), correlationsKept)] {
		t.Rows = append(t.Rows, Row{Cells: cells(quantityOf(c.Kind, c.Name), coefficient(c.Rho), coefficient(attribution.Interval{Value: c.Partial}),
			lead(c.Lag), probability(c.P), map[bool]string{true: "yes", false: "no"}[c.Notable])})
	}
	return t
}

// lead says by how many windows a quantity comes before the latency that it goes with best.
func lead(lag int) string {
	switch {
	case lag > 0:
		return plural(lag, "window")
	case lag < 0:
		return "-" + plural(-lag, "window")
	}
	return "0"
}

func probability(p float64) string {
	switch {
	case notFinite(p):
		return noValue
	case p < 0.001:
		return "< 0.001"
	}
	return digits(p, 2)
}

// episodeItems is a table of the episodes and the slowest handshakes in them, drawn phase by phase.
func episodeItems(e analysis.Explanation) []Item {
	if len(e.Episodes) == 0 {
		return nil
	}
	t := &Table{Caption: "Episodes: windows whose " + e.Tracked + " is far above the usual, " + place(e)}
	t.Columns = columns("episode", "block, since its begin", "length", "highest "+e.Tracked, "usual", "far above their median (robust z)")
	for i := range 4 {
		t.Columns[i+1].Numeric = true
	}
	for i, p := range e.Episodes {
		where := fmt.Sprintf("%d, %.2f s", p.Block, p.At.Seconds())
		t.Rows = append(t.Rows, Row{Cells: cells(fmt.Sprint(i+1), where, took(p.Length), plain(p.Tracked), plain(p.Usual), orNone(raised(p.Raised)))})
	}
	items := []Item{{Page: true, Table: t}}
	if bars, table := exemplars(e); len(bars.Rows) > 0 {
		items = append(items,
			Item{Page: true, Fold: "The slowest handshakes of the episodes, phase by phase", Bars: bars},
			Item{Page: true, Fold: "The same as a table", Table: table})
	}
	return items
}

// raised lists quantities with how far above their median they were.
func raised(all []attribution.Raised) string {
	var said []string
	for _, r := range all[:min(len(all), raisedShown)] {
		z := "very large"
		if !notFinite(r.Z) {
			z = signed(r.Z, 1, "+")
		}
		said = append(said, quantityOf(r.Kind, r.Name)+" "+z)
	}
	return strings.Join(said, ", ")
}

// exemplars draws the slowest handshakes on one axis and lists their times.
func exemplars(e analysis.Explanation) (*Bars, *Table) {
	b := &Bars{Caption: "Classes within each phase in a fixed order, not as they alternated; grey: parts too small to draw", By: "phase and class", Shown: true, Bare: true}
	t := &Table{Caption: "The slowest handshakes of the episodes, " + place(e), Columns: columns("handshake", "wall time")}
	classes := classesOf([]analysis.Explanation{e})
	for _, c := range classes {
		t.Columns = append(t.Columns, Column{Title: c.String()})
	}
	t.Columns = numeric(t.Columns, 1)
	longest := 0.0
	for _, p := range e.Episodes {
		for _, h := range p.Exemplars {
			longest = max(longest, h.Wall().Seconds())
		}
	}
	for i, p := range e.Episodes {
		for n, h := range p.Exemplars {
			name := fmt.Sprintf("episode %d, %s", i+1, []string{"slowest", "second", "third"}[min(n, 2)])
			b.Rows = append(b.Rows, Bar{Head: Head{Name: name}, Total: took(h.Wall()), Segments: phased(h, e.Phases, longest)})
			row := cells(name, took(h.Wall()))
			for _, c := range classes {
				row = append(row, faint(h.Time[c].Seconds(), h.Wall().Seconds()))
			}
			t.Rows = append(t.Rows, Row{Cells: row})
		}
	}
	return b, t
}

// leastSegment is the width, in percent of the axis, below which a part of a bar is not drawn on its own.
const leastSegment = 0.5

// phased divides a handshake's bar by phase and, within, by class.
func phased(h account.Handshake, phases []string, longest float64) []Segment {
	var all []Segment
	at, rest := 0.0, 0.0
	add := func(times account.Times, in string) {
		for c, d := range times {
			width := 100 * ratioTo(d.Seconds(), longest)
			if width < leastSegment {
				rest += max(width, 0)
				continue
			}
			all = append(all, segment(at, width, classKey(account.Class(c)), in+account.Class(c).String()+", "+took(d)))
			at += width
		}
	}
	for i, times := range h.Phases[:min(len(h.Phases), len(phases))] {
		add(times, phases[i]+", ")
	}
	if len(h.Phases) == 0 {
		add(h.Time, "")
	}
	if rest > 0 {
		all = append(all, segment(at, rest, 0, "parts too small to draw, "+plain(rest/100*longest)))
	}
	return all
}
