package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results/analysis"
)

// strategy is all that is known of one variant that reloads: what it went through alone, and under load.
type strategy struct {
	name string
	card *analysis.Scored    // nil: it was put through nothing
	load *analysis.Reloading // of the first cell in which files changed; nil: there is none
}

// strategiesOf lists the variants with a card or with rotations, in the manifest's order.
func strategiesOf(a *analysis.Analysis) []strategy {
	var all []strategy
	for _, v := range a.Manifest.Variants {
		s := strategy{name: v.Name}
		if at := slices.IndexFunc(a.Scorecard, func(c analysis.Scored) bool { return c.Target == v.Name }); at >= 0 {
			s.card = &a.Scorecard[at]
		}
		if at := slices.IndexFunc(a.Reloads, func(r analysis.Reloading) bool { return r.Variant == v.Name && r.Rotations > 0 }); at >= 0 {
			s.load = &a.Reloads[at]
		}
		if s.card != nil || s.load != nil {
			all = append(all, s)
		}
	}
	return all
}

// strategyItems sums each strategy up in one row.
func strategyItems(a *analysis.Analysis) []Item {
	all := strategiesOf(a)
	if len(all) == 0 {
		return nil
	}
	return []Item{
		{Page: true, Table: strategyTable(a, all)},
		{Terminal: true, Table: strategyBrief(all)}, {Terminal: true, Table: strategyCosts(a, all)},
	}
}

const adoptedOf = "adopted after: of rotations in a row, where there were none of those under load"

func strategyTable(a *analysis.Analysis, all []strategy) *Table {
	t := &Table{Caption: "The strategies; " + adoptedOf}
	t.Columns = numeric(columns("strategy", "injections passed", "adopted after p50", "p99", "longest", "never adopted", "handshakes failed",
		"response p99 / baseline", "stale window", "lock wait per handshake", "leaks", "crashes regressed"), 1)
	for _, s := range all {
		row := append([]Cell{{Text: s.name}, s.passed()}, s.adopted()...)
		row = append(row, s.never(), s.failed(), s.tail(a), s.stale(), s.lockWait(), s.leaks(), s.crashes())
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

// strategyBrief is the first half of strategyTable, strategyCosts the other: a terminal is narrow.
func strategyBrief(all []strategy) *Table {
	t := &Table{Caption: "What strategies make of certificates that move; " + adoptedOf}
	t.Columns = numeric(columns("strategy", "passed", "p50", "p99", "longest", "never", "failed", "crashes"), 1)
	for _, s := range all {
		row := append([]Cell{{Text: s.name}, s.passed()}, s.adopted()...)
		t.Rows = append(t.Rows, Row{Cells: append(row, s.never(), s.failed(), s.crashes())})
	}
	return t
}

func strategyCosts(a *analysis.Analysis, all []strategy) *Table {
	t := &Table{Caption: "What they cost handshakes and leave behind; response p99 / baseline", Columns: columns("strategy", "response p99", "stale window", "lock wait", "leaks")}
	for _, s := range all {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: s.name}, s.tail(a), s.stale(), s.lockWait(), s.leaks()}})
	}
	return t
}

// ofNone is what stands where nothing was measured.
func ofNone() Cell { return Cell{Text: noValue, Tone: Muted} }

func (s strategy) passed() Cell {
	if s.card == nil {
		return ofNone()
	}
	return outOf(s.card.Passed, s.card.Tried())
}

// outOf is good where it is all, and else bad.
func outOf(n, of int) Cell {
	return Cell{Text: count(whole(n)) + " of " + count(whole(of)), Tone: map[bool]Tone{true: Good, false: Bad}[n == of]}
}

// soaks are that of the server alone and that of the server which is told, as far as there are any.
func (s strategy) soaks() (all []*scorecard.Soak) {
	if s.card == nil {
		return nil
	}
	for _, n := range soaksOf(*s.card) {
		all = append(all, n.soak)
	}
	return all
}

// adopted is p50, p99 and the longest of the delays.
func (s strategy) adopted() []Cell {
	for _, soak := range s.soaks() {
		if len(soak.After) > 0 {
			return cells(soaked(soak, 0), soaked(soak, 2), soaked(soak, 4))
		}
	}
	switch {
	case s.load != nil:
		return cells(delayed(s.load.After, 0.5), delayed(s.load.After, 0.99), delayed(s.load.After, 1))
	case s.card != nil:
		return cells(delayed(s.card.After, 0.5), delayed(s.card.After, 0.99), delayed(s.card.After, 1))
	}
	return cells(noValue, noValue, noValue)
}

// soaked is one of a soak's quantiles, if it has so many rotations.
func soaked(s *scorecard.Soak, at int) string { return quantileOf(s.After, at, s.Adopted) }

// soakShares are the quantiles of a soak, in their order.
var soakShares = []float64{0.5, 0.9, 0.99, 0.999, 1}

func quantileOf(all []time.Duration, at, of int) string {
	if !kept(all, at, of) {
		return noValue
	}
	return after(all[at])
}

// kept says whether there is such a quantile, and whether so many values support it.
func kept(all []time.Duration, at, of int) bool {
	return at < len(all) && (soakShares[at] == 1 || supports(whole(of), soakShares[at]))
}

func (s strategy) never() Cell {
	switch {
	case s.card != nil && s.card.Never == 0:
		return Cell{Text: "0", Tone: Muted}
	case s.card != nil:
		return Cell{Text: fmt.Sprintf("%d of %d", s.card.Never, s.card.Awaited), Tone: Bad}
	}
	return fault(whole(s.load.Fates[analysis.Never]))
}

// failed is of everything alone, or else under load.
func (s strategy) failed() Cell {
	if s.card == nil {
		return fault(s.load.Failed)
	}
	n := s.card.Failed
	for _, soak := range s.soaks() {
		n += soak.Failed
	}
	return fault(n)
}

func (s strategy) tail(a *analysis.Analysis) Cell {
	if s.load == nil {
		return ofNone()
	}
	return tailCell(a, s.load.Cell, s.name)
}

func (s strategy) stale() Cell {
	switch {
	case s.load != nil:
		return Cell{Text: staleShare(*s.load)}
	case s.card != nil:
		return Cell{Text: took(s.card.Stale), Note: "of all injections"}
	}
	return ofNone()
}

func (s strategy) lockWait() Cell {
	if s.load == nil {
		return ofNone()
	}
	return Cell{Text: lockWait(*s.load)}
}

func (s strategy) leaks() Cell {
	if len(s.soaks()) == 0 {
		return ofNone()
	}
	var leaks []string
	for _, soak := range s.soaks() {
		leaks = append(leaks, soak.Leaks...)
	}
	return flat(leaks)
}

func flat(leaks []string) Cell {
	if len(leaks) == 0 {
		return Cell{Text: "none", Tone: Good}
	}
	return Cell{Text: strings.Join(leaks, "; "), Tone: Bad}
}

func (s strategy) crashes() Cell {
	if s.card == nil || s.card.Crashes.Cells == 0 {
		return ofNone()
	}
	c := s.card.Crashes
	if c.Regressed == 0 {
		return Cell{Text: fmt.Sprintf("0 of %d", c.Cells), Tone: Good}
	}
	return Cell{Text: fmt.Sprintf("%d of %d", c.Regressed, c.Cells), Tone: Bad}
}
