package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results/analysis/history"
)

// The frame of a figure of a series, in pixels.
const (
	seriesWidth, seriesHeight = 360, 150
	seriesLeft, seriesRight   = 58, 350
	seriesTop, seriesBottom   = 16, 118
)

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// historyFigures draws the series of at least two runs, those that changed first, with at most so many runs each.
func historyFigures(all []followed, most int) []Figure {
	sorted := slices.SortedStableFunc(slices.Values(all), func(x, y followed) int {
		return first(len(x.changes) > 0, len(y.changes) > 0)
	})
	var figures []Figure
	for _, f := range sorted {
		if len(f.Samples) > 1 {
			figures = append(figures, f.figure(most))
		}
	}
	return figures
}

func (f followed) figure(most int) Figure {
	from := max(0, len(f.Samples)-most)
	caption := f.Cell + ", " + plural(len(f.Samples)-from, "run")
	if from > 0 {
		caption = fmt.Sprintf("%s, the last %d of %d runs", f.Cell, most, len(f.Samples))
	}
	title := f.Metric + " of " + f.sides()
	return Figure{Title: title, Caption: caption, Drawing: f.drawing(from, title), Table: f.table(from)}
}

func (f followed) drawing(from int, title string) Drawing {
	samples := f.Samples[from:]
	d := Drawing{
		ID: fmt.Sprintf("history-%d", f.number), Title: title + " from run to run, " + f.Cell, Desc: f.description(samples),
		Width: seriesWidth, Height: seriesHeight,
	}
	y := f.axis(samples)
	y.draw(&d)
	if y.lo < 1 && y.hi > 1 && f.Baseline != "" {
		d.line("axis", seriesLeft, y.at(1), seriesRight, y.at(1))
	}
	drawIntervals(&d, samples, y)
	var points []point
	for i, s := range samples {
		points = append(points, point{along(i, len(samples)), y.at(s.Value)})
	}
	d.path("curve s0", points)
	for n, c := range f.changes {
		if c.At > from {
			x := (points[c.At-from-1].x + points[c.At-from].x) / 2
			d.line("curve s2", x, seriesTop, x, seriesBottom)
			d.text("tick middle", x, seriesTop-4, strconv.Itoa(n+1))
		}
	}
	d.text("tick", seriesLeft, seriesBottom+labelBelow, day(samples[0].When))
	d.text("tick end", seriesRight, seriesBottom+labelBelow, day(samples[len(samples)-1].When))
	d.text("tick middle", (seriesLeft+seriesRight)/2, seriesHeight-3, "runs in order; thin: intervals; dashed: a change of level")
	return d
}

func (f followed) description(samples []history.Sample) string {
	text := fmt.Sprintf("Last: %s. ", f.value(samples[len(samples)-1]))
	for n, c := range f.changes {
		text += fmt.Sprintf("Change %d, on %s: %s. ", n+1, day(f.Samples[c.At].When), f.levels(c))
	}
	return text
}

// along is the place of the i-th of n runs, equally far apart whenever they were.
func along(i, n int) float64 {
	return seriesLeft + (seriesRight-seriesLeft)*float64(i)/float64(n-1)
}

// ordinate maps values from lo to hi onto the height of a figure.
type ordinate struct {
	lo, hi float64
	label  func(v, step float64) string
}

// axis spans the values of the runs and at least the margin on both sides of them, so that noise is not made to look
// large.
func (f followed) axis(samples []history.Sample) ordinate {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range samples {
		lo, hi = min(lo, s.Value), max(hi, s.Value)
	}
	room := max((hi-lo)/10, max(f.margin(), 0.001)*max(math.Abs(lo), math.Abs(hi)))
	if room == 0 {
		room = 1
	}
	return ordinate{lo - room, hi + room, f.label}
}

// label writes a tick of the axis.
func (f followed) label(v, step float64) string {
	if f.Baseline == "" {
		return quantityTick(v)
	}
	return strconv.FormatFloat(v, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64) + "x"
}

// quantityTick writes a count short: 6.23M.
func quantityTick(v float64) string {
	switch {
	case math.Abs(v) >= 1e6:
		return digits(v/1e6, 4) + "M"
	case math.Abs(v) >= 1e4:
		return digits(v/1e3, 4) + "k"
	}
	return digits(v, 4)
}

func (o ordinate) at(v float64) float64 {
	return seriesBottom + (seriesTop-seriesBottom)*(min(max(v, o.lo), o.hi)-o.lo)/(o.hi-o.lo)
}

func (o ordinate) draw(d *Drawing) {
	step := roundStep((o.hi - o.lo) / 4)
	for n := math.Ceil(o.lo / step); n*step <= o.hi; n++ {
		d.line("grid", seriesLeft, o.at(n*step), seriesRight, o.at(n*step))
		d.text("tick end", seriesLeft-labelBeside, o.at(n*step)+4, o.label(n*step, step))
	}
	d.line("axis", seriesLeft, seriesBottom, seriesRight, seriesBottom)
}

// drawIntervals draws the interval of each run that has one; what goes beyond the figure is cut.
func drawIntervals(d *Drawing, samples []history.Sample, y ordinate) {
	var b strings.Builder
	for i, s := range samples {
		if s.Lo < s.Hi {
			b.WriteString("M" + px(along(i, len(samples))) + " " + px(y.at(s.Lo)) + "V" + px(y.at(s.Hi)))
		}
	}
	if b.Len() > 0 {
		d.Shapes = append(d.Shapes, Shape{Kind: "path", Class: "curve thin", Path: b.String()})
	}
}

func (f followed) table(from int) Table {
	t := Table{Caption: f.Metric + " of " + f.sides() + ", " + f.Cell, Columns: columns("run", "value", "change")}
	for i, s := range f.Samples[from:] {
		row := []Cell{{Text: day(s.When), Note: commit(s)}, {Text: f.value(s)}, {}}
		for n, c := range f.changes {
			if c.At == from+i {
				row[2].Text = fmt.Sprintf("%d: %s", n+1, f.levels(c))
			}
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}
