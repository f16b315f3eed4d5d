package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// Card sets the variants of one cell side by side: what a handshake costs each of them.
type Card struct {
	Title    string // the cell
	Note     string // its load
	Times    string // which times a terminal shows
	Heads    []Head
	Measures []Measure
	Ratios   []Ratio // of the headline, for each head
	Doubt    string  // empty: none
}

// Ratio is a candidate's effect on the headline; the zero value is the baseline's.
type Ratio struct {
	Verdict effect.Verdict
	Text    string
	Groups  string
	Notes   []int // numbers of the doubts
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
	{headline, "server CPU"},
	{"client_cpu", ""},
	{"handshake_rate", "rate"},
	{"handshake_p50", ""},
	{"handshake_p99", ""},
	{"service_p50", "p50"},
	{"service_p99", "p99"},
	{"response_p50", "p50"},
	{"response_p99", "p99"},
	{"server_allocs", ""},
	{"server_alloc_bytes", ""},
	{"wire_bytes", ""},
	{"tls_share", ""},
	{"lock_wait", ""},
}

// Costs is a card for each cell.
func Costs(a *analysis.Analysis) (Section, bool) {
	var cards []Card
	doubts := doubtsOf(a.Effects)
	for _, c := range a.Manifest.Cells {
		if series := seriesOf(a, c.Name); len(series) > 0 {
			cards = append(cards, card(a, c, series, doubts))
		}
	}
	return Section{ID: "cost", Title: "Cost of a handshake", Short: "Cost", Items: []Item{{Cards: cards}}}, len(cards) > 0
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

func card(a *analysis.Analysis, c results.Cell, series []analysis.Series, doubts []string) Card {
	k := Card{Title: c.Name, Note: describe(c.Load), Times: "response time"}
	if c.Load.Loop == loadgen.Closed {
		k.Times = "service time" // which is its response time
	}
	for _, s := range series {
		k.Heads = append(k.Heads, Head{s.Variant, number(a.Manifest, s.Variant), head(a.Manifest, s)})
		k.Ratios = append(k.Ratios, ratioOf(a.Effects, s, doubts))
	}
	for _, want := range measured {
		m, _ := metric.ByName(want.metric)
		closed := c.Load.Loop == loadgen.Closed
		if strings.HasPrefix(m.Name, "response") && closed {
			continue // response time is service time
		}
		if line, ok := measure(a, m, series); ok {
			line.Short = want.short
			if strings.HasPrefix(m.Name, "service") && !closed {
				line.Short = "" // response time says more
			}
			k.Measures = append(k.Measures, line)
		}
		switch want.metric {
		case headline:
			k.Measures = append(k.Measures, capacity(series)...)
		case "handshake_rate":
			k.Measures = append(k.Measures, busy(a.Manifest, series)...)
		}
	}
	k.Doubt = bound(series)
	return withLateness(k, c, series)
}

// ratioOf is the effect on the headline of a series' variant.
func ratioOf(effects []analysis.Effect, s analysis.Series, doubts []string) Ratio {
	for _, e := range effects {
		if isServerCPU(e) && e.Cell == s.Cell && e.Candidate.Variant == s.Variant {
			return Ratio{e.Verdict, ratio(e.Ratio), groupsOf(e), numbers(doubts, e.Warnings)}
		}
	}
	return Ratio{}
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
	return slices.Concat(
		derived("handshakes per second and server core", "", series, func(s analysis.Series) (string, bool) {
			cpu := s.Values[headline]
			return digitsGrouped(1/cpu) + "/s", cpu > 0
		}),
		derived("server cores for 10,000 handshakes/s", "", series, func(s analysis.Series) (string, bool) {
			cpu := s.Values[headline]
			return digits(10000*cpu, 3), cpu > 0
		}))
}

// busy is how much of its cores a server used. Far below all of them, the rate is the load's and no limit of the
// server's.
func busy(m results.Manifest, series []analysis.Series) []Measure {
	return derived("server's cores busy at that rate", "busy", series, func(s analysis.Series) (string, bool) {
		use := s.Values["handshake_rate"] * s.Values[headline]
		cores := 0
		if i := number(m, s.Variant); i < len(m.Variants) {
			cores = m.Variants[i].Hello.GOMAXPROCS
		}
		return fmt.Sprintf("%.0f %%", 100*use/float64(cores)), use > 0 && cores > 0
	})
}

// derived is a measure that follows from others; none where no series has it.
func derived(title, short string, series []analysis.Series, of func(analysis.Series) (string, bool)) []Measure {
	line := Measure{Title: title, Short: short}
	found := false
	for _, s := range series {
		text, ok := of(s)
		c := Cell{Text: text}
		if !ok {
			c = Cell{Text: noValue, Tone: Muted}
		}
		found = found || ok
		line.Cells = append(line.Cells, c)
	}
	if !found {
		return nil
	}
	return []Measure{line}
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
	t := Table{Caption: k.Title + ": " + k.Note + "; " + k.Times, Columns: columns("variant")}
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
		if m.Short == measured[0].short && slices.ContainsFunc(k.Ratios, func(r Ratio) bool { return r.Verdict != "" }) {
			t.compare(k.Ratios)
		}
	}
	return t
}

// compare adds the columns of the headline's effects.
func (t *Table) compare(ratios []Ratio) {
	t.Columns = append(t.Columns, columns("ratio [interval]", "groups")...)
	for i, r := range ratios {
		interval := strings.Replace(r.Text, "\u00a0[", " [", 1) // may go to the next line
		cell := Cell{Text: interval + " " + string(r.Verdict) + references(r.Notes), Tone: toneOf(r.Verdict)}
		if r.Verdict == "" {
			cell = Cell{Text: "baseline", Tone: Muted}
		}
		t.Rows[i].Cells = append(t.Rows[i].Cells, cell, Cell{Text: r.Groups})
	}
}
