package reports

import (
	"slices"
	"strings"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/metric"
)

// Card sets the variants of one cell side by side: what a handshake costs each of them.
type Card struct {
	Title    string // the cell
	Note     string // its load
	Heads    []Head
	Measures []Measure
	Doubt    string // empty: none
}

// Head is a variant: Series is its number in the manifest, which decides its colour and dash pattern everywhere.
type Head struct {
	Name   string
	Series int
	Note   string
}

// Measure is one line of a card, with a cell for each head.
type Measure struct {
	Title string
	Short string // in the table of a terminal; empty: in the page only
	Tag   string // a doubt about all of its values
	Cells []Cell
}

// measured lists the metrics of a card, and how a terminal heads them.
var measured = []struct{ metric, short string }{
	{"server_cpu", "server CPU"},
	{"client_cpu", "client CPU"},
	{"handshake_rate", "rate"},
	{"handshake_p50", ""},
	{"handshake_p99", ""},
	{"service_p50", "service p50"},
	{"service_p99", "service p99"},
	{"response_p50", ""},
	{"response_p99", ""},
	{"server_allocs", ""},
	{"server_alloc_bytes", ""},
	{"wire_bytes", ""},
}

// Costs is a card for each cell.
func Costs(a *analysis.Analysis) (Section, bool) {
	var cards []Card
	for _, c := range a.Manifest.Cells {
		if series := seriesOf(a, c.Name); len(series) > 0 {
			cards = append(cards, card(a, c, series))
		}
	}
	return Section{ID: "cost", Title: "Cost of a handshake", Items: []Item{{Cards: cards}}}, len(cards) > 0
}

// seriesOf lists the series of a cell, the baseline first as the analysis has them.
func seriesOf(a *analysis.Analysis, cell string) []analysis.Series {
	var of []analysis.Series
	for _, s := range a.Series {
		if s.Cell == cell {
			of = append(of, s)
		}
	}
	return of
}

func number(m results.Manifest, variant string) int {
	return max(0, slices.IndexFunc(m.Variants, func(v results.Variant) bool { return v.Name == variant }))
}

func card(a *analysis.Analysis, c results.Cell, series []analysis.Series) Card {
	k := Card{Title: c.Name, Note: describe(c.Load)}
	for _, s := range series {
		k.Heads = append(k.Heads, Head{s.Variant, number(a.Manifest, s.Variant), head(a.Manifest, s)})
	}
	for _, want := range measured {
		m, _ := metric.ByName(want.metric)
		if strings.HasPrefix(m.Name, "response") && c.Load.Loop == loadgen.Closed {
			continue // response time is service time
		}
		if line, ok := measure(a, m, series); ok {
			line.Short = want.short
			k.Measures = append(k.Measures, line)
		}
		if want.metric == "server_cpu" {
			k.Measures = append(k.Measures, capacity(series)...)
		}
	}
	k.Doubt = bound(series)
	return withLateness(k, c, series)
}

// bound says for which variants the generator set the pace.
func bound(series []analysis.Series) string {
	var who []string
	for _, s := range series {
		if s.ClientBound {
			who = append(who, s.Variant)
		}
	}
	if len(who) == 0 {
		return ""
	}
	return "client-bound: " + strings.Join(who, ", ") + "; rates and latencies say nothing about the server, its CPU does"
}

func head(m results.Manifest, s analysis.Series) string {
	if s.Valid < s.Blocks {
		return count(uint64(s.Valid)) + " of " + plural(s.Blocks, "block") + " counted"
	}
	if number(m, s.Variant) == 0 {
		return "baseline, " + plural(s.Blocks, "block")
	}
	return plural(s.Blocks, "block")
}

// describe says how a cell was loaded.
func describe(l loadgen.Load) string {
	text := plural(l.Workers, "worker")
	if l.Loop == loadgen.Closed {
		return "closed loop, " + text
	}
	for _, p := range l.Phases {
		text += ", " + figure(p.Rate) + "/s for " + p.Length.String()
	}
	return "open loop, " + string(l.Process) + ", " + text
}

// measure is one metric of all variants; false where none has a value.
func measure(a *analysis.Analysis, m metric.Metric, series []analysis.Series) (Measure, bool) {
	line := Measure{Title: m.Title}
	found := false
	for _, s := range series {
		_, ok := s.Values[m.Name]
		found = found || ok
		c := Cell{Text: valueIn(s.Values, m.Name)}
		if !ok {
			c.Tone = Muted
		}
		for _, e := range a.Effects {
			if e.Cell == s.Cell && e.Metric == m.Name && e.Candidate.Variant == s.Variant {
				c.Mark, c.Note = e.Verdict, ratio(e.Ratio)
			}
		}
		if s.ClientBound && (m.Family == metric.Rate || m.Family == metric.Latency) {
			line.Tag = "client-bound"
		}
		line.Cells = append(line.Cells, c)
	}
	return line, found
}

// capacity is what server CPU per handshake means for a fleet whose only work it were.
func capacity(series []analysis.Series) []Measure {
	rate := Measure{Title: "handshakes per second and server core"}
	cores := Measure{Title: "server cores for 10,000 handshakes/s"}
	for _, s := range series {
		cpu := s.Values["server_cpu"]
		if !(cpu > 0) {
			rate.Cells = append(rate.Cells, Cell{Text: noValue, Tone: Muted})
			cores.Cells = append(cores.Cells, Cell{Text: noValue, Tone: Muted})
			continue
		}
		rate.Cells = append(rate.Cells, Cell{Text: digitsGrouped(1/cpu) + "/s"})
		cores.Cells = append(cores.Cells, Cell{Text: digits(10000*cpu, 3)})
	}
	if !slices.ContainsFunc(rate.Cells, func(c Cell) bool { return c.Text != noValue }) {
		return nil
	}
	return []Measure{rate, cores}
}

// withLateness adds how late an open loop was: beyond a little, the generator or the server was saturated.
func withLateness(k Card, c results.Cell, series []analysis.Series) Card {
	if c.Load.Loop != loadgen.Open {
		return k
	}
	line := Measure{Title: "lateness p99"}
	found := false
	for _, s := range series {
		text := noValue
		if supports(s.Lateness.Count(), 0.99) {
			text, found = nanoseconds(s.Lateness.Quantile(0.99)), true
		}
		line.Cells = append(line.Cells, Cell{Text: text})
	}
	if found {
		k.Measures = append(k.Measures, line)
	}
	return k
}

// Table turns a card on its side for terminals and Markdown: a row for each variant.
func (k Card) Table() Table {
	t := Table{Caption: k.Title + ": " + k.Note, Columns: columns("variant")}
	for _, h := range k.Heads {
		t.Rows = append(t.Rows, Row{Cells: cells(h.Name)})
	}
	for _, m := range k.Measures {
		if m.Short == "" {
			continue
		}
		t.Columns = append(t.Columns, Column{Title: m.Short, Numeric: true})
		for i, c := range m.Cells {
			t.Rows[i].Cells = append(t.Rows[i].Cells, Cell{Text: c.Text, Tone: c.Tone})
		}
		if m.Short == measured[0].short {
			t.compare(m)
		}
	}
	return t
}

// compare adds the column of the headline's ratios.
func (t *Table) compare(m Measure) {
	t.Columns = append(t.Columns, Column{Title: "ratio"})
	for i, c := range m.Cells {
		ratio := Cell{Text: c.Note + " " + string(c.Mark), Tone: toneOf(c.Mark)}
		if c.Mark == "" {
			ratio = Cell{Text: "baseline", Tone: Muted}
		}
		t.Rows[i].Cells = append(t.Rows[i].Cells, ratio)
	}
}
