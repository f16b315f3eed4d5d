package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/hist"
)

// Supported is the highest quantile that n independent values say something about: above it, not even the largest
// value bounds the quantile from above with a confidence of 97.5 %, for the chance that all n lie below the quantile
// q is q to the power of n. p90 needs 36 values, p99 368, p99.9 3,688.
//
// Source: distribution-free intervals from order statistics, David and Nagaraja, Order Statistics, section 7.1.
func Supported(n uint64) float64 {
	if n == 0 {
		return 0
	}
	return math.Pow(0.025, 1/float64(n))
}

func supports(n uint64, quantile float64) bool { return Supported(n) >= quantile }

// quantiles are the columns of the tables that back the plots.
var quantiles = []struct {
	name              string
	percentile, share float64
}{{"p50", 50, 0.5}, {"p90", 90, 0.9}, {"p99", 99, 0.99}, {"p99.9", 99.9, 0.999}, {"p99.99", 99.99, 0.9999}}

// stretch is one of the three nested times of a handshake.
type stretch struct {
	name, from string
	of         func(*analysis.Series) *hist.Histogram
}

func stretches(loop loadgen.Loop) []stretch {
	all := []stretch{
		{"handshake time", "TCP connected to complete", func(s *analysis.Series) *hist.Histogram { return &s.Handshake }},
		{"service time", "begun to confirmed", func(s *analysis.Series) *hist.Histogram { return &s.Service }},
		{"response time", "due to confirmed", func(s *analysis.Series) *hist.Histogram { return &s.Response }},
	}
	if loop == loadgen.Closed {
		return all[:2] // a closed loop's handshakes are due when they begin
	}
	return all
}

// Latency draws, for each cell, the times of a handshake by percentile: one line for each variant.
func Latency(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "latency", Title: "Latency by percentile", Short: "Latency"}
	for i, c := range a.Manifest.Cells {
		if figures := latencyFigures(a, i, c); len(figures) > 0 {
			s.Items = append(s.Items, Item{Page: true, Heading: c.Name})
			if note := latencyNote(a, c); note != "" {
				s.Items = append(s.Items, Item{Page: true, Text: note})
			}
			s.Items = append(s.Items, Item{Page: true, Plots: &Plots{legend(a, c.Name), figures}})
		}
	}
	return s, len(s.Items) > 0
}

func legend(a *analysis.Analysis, cell string) []Head {
	var heads []Head
	for _, s := range seriesOf(a, cell) {
		heads = append(heads, Head{Name: s.Variant, Series: number(a.Manifest, s.Variant)})
	}
	return heads
}

func latencyNote(a *analysis.Analysis, c results.Cell) string {
	note := describe(c.Load) + ". "
	if c.Load.Loop == loadgen.Closed {
		note += "In a closed loop a handshake is due when it begins, so response time is service time. "
	}
	var bound []string
	for _, s := range seriesOf(a, c.Name) {
		if s.ClientBound {
			bound = append(bound, s.Variant+use(s))
		}
	}
	if len(bound) > 0 {
		note += "Client-bound: " + strings.Join(bound, ", ") + "; these times say nothing about the server."
	}
	return note
}

// use is how busy the generator was, where that is known.
func use(s analysis.Series) string {
	if s.GeneratorUse < 0 {
		return ""
	}
	return " (generator at " + percent(s.GeneratorUse) + " of its CPUs)"
}

func latencyFigures(a *analysis.Analysis, cell int, c results.Cell) []Figure {
	series := seriesOf(a, c.Name)
	y, ok := timeScale(series, stretches(c.Load.Loop))
	if !ok {
		return nil
	}
	var figures []Figure
	for i, what := range stretches(c.Load.Loop) {
		f := Figure{Title: what.name, Caption: what.from, Table: quantileTable(c.Name, series, what)}
		f.Drawing = quantileDrawing(a.Manifest, series, what, y)
		f.Drawing.ID = fmt.Sprintf("latency-%d-%d", cell+1, i+1)
		f.Drawing.Title = what.name + " by percentile, " + c.Name
		figures = append(figures, f)
	}
	return figures
}

// The frame of a plot of percentiles, in pixels.
const (
	plotWidth, plotHeight   = 360, 250
	plotLeft, plotRight     = 54, 334
	plotTop, plotBottom     = 12, 212
	maxNines                = 5.0
	pointsPerNine           = 10
	labelBelow, labelBeside = 16, 6
)

// timeScale spans the times of all series, in seconds, so that the plots of a cell can be compared by eye.
func timeScale(series []analysis.Series, of []stretch) (scale, bool) {
	lo, hi := math.Inf(1), 0.0
	for i := range series {
		for _, what := range of {
			if h := what.of(&series[i]); h.Count() > 0 {
				lo = min(lo, float64(max(h.Quantile(0.05), 1))/1e9)
				hi = max(hi, float64(h.Quantile(1-math.Pow(10, -maxNines)))/1e9)
			}
		}
	}
	return scale{lo / 1.1, max(hi, lo) * 1.1, plotBottom, plotTop}, hi > 0
}

func quantileDrawing(m results.Manifest, series []analysis.Series, what stretch, y scale) Drawing {
	d := Drawing{Width: plotWidth, Height: plotHeight}
	nines := 2.0
	for i := range series {
		nines = max(nines, math.Ceil(reach(what.of(&series[i]))))
	}
	drawFrame(&d, nines, y)
	for i := range series {
		h := what.of(&series[i])
		if h.Count() == 0 {
			continue
		}
		drawQuantiles(&d, number(m, series[i].Variant), h, nines, y)
		d.Desc += fmt.Sprintf("%s: %s. ", series[i].Variant, summary(h))
	}
	return d
}

// reach is how many nines the largest value of a histogram stands for.
func reach(h *hist.Histogram) float64 {
	if h.Count() < 2 {
		return 0
	}
	return min(math.Log10(float64(h.Count())), maxNines)
}

func summary(h *hist.Histogram) string {
	text := "p50 " + nanoseconds(h.Quantile(0.5))
	if supports(h.Count(), 0.99) {
		text += ", p99 " + nanoseconds(h.Quantile(0.99))
	}
	return text + ", largest " + nanoseconds(h.Max()) + " of " + count(h.Count())
}

// drawFrame draws both axes with their grids. The x axis counts nines: -log10(1-p).
func drawFrame(d *Drawing, nines float64, y scale) {
	for _, t := range decadeTicks(y.lo, y.hi) {
		d.line("grid", plotLeft, y.at(t), plotRight, y.at(t))
		d.text("tick end", plotLeft-labelBeside, y.at(t)+4, axisSeconds(t))
	}
	labels := []string{"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"}
	for n := 0.0; n <= nines; n++ {
		x := across(n, nines)
		d.line("grid", x, plotTop, x, plotBottom)
		d.text("tick middle", x, plotBottom+labelBelow, labels[int(n)])
	}
	d.line("axis", plotLeft, plotBottom, plotRight, plotBottom)
	d.text("tick middle", (plotLeft+plotRight)/2, plotHeight-4, "percentile, each nine as wide as the last")
}

func axisSeconds(v float64) string {
	switch {
	case v >= 0.9995:
		return digits(v, 1) + " s"
	case v >= 0.9995e-3:
		return digits(v*1e3, 1) + " ms"
	}
	return digits(v*1e6, 1) + " µs"
}

func across(n, nines float64) float64 { return plotLeft + (plotRight-plotLeft)*n/nines }

// drawQuantiles draws one line, grey from the percentile on that its sample does not support.
func drawQuantiles(d *Drawing, series int, h *hist.Histogram, nines float64, y scale) {
	solid, thin := []point{}, []point{}
	limit := -math.Log10(1 - Supported(h.Count()))
	at := func(n float64) point {
		v, _ := y.clamped(float64(max(h.Quantile(1-math.Pow(10, -n)), 1)) / 1e9)
		return point{across(n, nines), v}
	}
	for i := 0; float64(i) <= reach(h)*pointsPerNine; i++ {
		if n := float64(i) / pointsPerNine; n <= limit {
			solid = append(solid, at(n))
		} else {
			thin = append(thin, at(n))
		}
	}
	if len(solid) > 0 && len(thin) > 0 {
		thin = append([]point{solid[len(solid)-1]}, thin...)
	}
	d.path(fmt.Sprintf("curve thin s%d", series%palette), thin)
	d.path(fmt.Sprintf("curve s%d", series%palette), solid)
	if len(solid) > 0 {
		d.mark(fmt.Sprintf("mark s%d", series%palette), series, solid[len(solid)-1])
	}
}

// palette is how many colours and dash patterns the style sheet has.
const palette = 6

func quantileTable(cell string, series []analysis.Series, what stretch) Table {
	t := Table{Caption: what.name + ", " + cell, Columns: columns("variant", "handshakes")}
	for _, q := range quantiles {
		t.Columns = append(t.Columns, Column{Title: q.name})
	}
	t.Columns = numeric(append(t.Columns, Column{Title: "largest"}), 1)
	for i := range series {
		h := what.of(&series[i])
		if h.Count() == 0 {
			continue
		}
		row := cells(series[i].Variant, count(h.Count()))
		for _, q := range quantiles {
			row = append(row, quantileCell(h, q.share))
		}
		t.Rows = append(t.Rows, Row{Cells: append(row, Cell{Text: nanoseconds(h.Max())})})
	}
	return t
}

// quantileCell is a quantile; "thin" where the sample does not support it, nothing where no value lies above it.
func quantileCell(h *hist.Histogram, share float64) Cell {
	if float64(h.Count())*(1-share) < 1 {
		return Cell{Text: noValue, Tone: Muted}
	}
	c := Cell{Text: nanoseconds(h.Quantile(share))}
	if !supports(h.Count(), share) {
		c.Note, c.Tone = "thin", Muted
	}
	return c
}
