package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// The frame of a chart over time, in pixels: three panels under each other, on one axis.
const (
	chartWidth, chartHeight     = 1080, 442
	chartLeft, chartRight       = 62, 1070
	stackTop, stackBottom       = 10, 216
	rateTop, rateBottom         = 248, 304
	trackedTop, trackedBottom   = 324, 402
	pointsAtMost, pointsAtLeast = 200, 20
	pointsInAll                 = 1600 // of all charts of a report: a page of forty cells stays easy to mail
)

// occupancy draws how many handshakes were in each class as time went by, with the rate of new ones and their
// latency beneath. By Little's law the height of the stack is the rate times the mean wall time.
func occupancy(a *analysis.Analysis, e analysis.Explanation) *Chart {
	points := min(pointsAtMost, max(pointsAtLeast, pointsInAll/len(a.Explanations)))
	windows := coarsened(e.Windows, points)
	if len(windows) < 2 {
		return nil
	}
	classes := occupied(e, windows)
	c := &Chart{}
	c.Title = "Handshakes in each class, " + place(e)
	c.Caption = chartCaption(e, len(e.Windows) > len(windows))
	for _, class := range classes {
		c.Legend = append(c.Legend, classCell(class))
	}
	c.Drawing = Drawing{
		ID:    fmt.Sprintf("occupancy-%d", 1+slices.IndexFunc(a.Explanations, func(o analysis.Explanation) bool { return o.Explained == e.Explained })),
		Title: "How many handshakes were in each class over time, " + place(e), Desc: occupancyDesc(windows, classes),
		Width: chartWidth, Height: chartHeight,
	}
	x := timeline(windows)
	drawStack(&c.Drawing, x, windows, classes)
	drawRate(&c.Drawing, x, windows)
	drawTracked(&c.Drawing, x, windows, e)
	drawTime(&c.Drawing, x, windows)
	c.Table = occupancyTable(e, windows, classes)
	return c
}

func chartCaption(e analysis.Explanation, coarse bool) string {
	text := "mean number of handshakes in each class; beneath, handshakes begun per second and " + e.Tracked + " of wall time in windows of " + took(e.Grid)
	if coarse {
		text += "; neighbouring windows are drawn as one, with the mean of their occupancy and rate and the highest " + e.Tracked
	}
	if e.Little > 0 {
		text += fmt.Sprintf(". Handshakes under way / (rate x mean wall time): %.3f; Little's law says 1", e.Little)
	}
	return text + "."
}

// coarsened joins neighbouring windows of a block until no more than so many are left. Percentiles cannot be
// averaged: of those the highest is kept.
func coarsened(windows []attribution.Window, most int) []attribution.Window {
	for step := 1; ; step++ {
		if joined := joinedBy(windows, step); len(joined) <= most || step >= len(windows) {
			return joined
		}
	}
}

func joinedBy(windows []attribution.Window, step int) []attribution.Window {
	var all []attribution.Window
	in := 0
	for _, w := range windows {
		if last := len(all) - 1; last >= 0 && all[last].Block == w.Block && in < step {
			all[last] = joined(all[last], w)
			in++
			continue
		}
		all, in = append(all, w), 1
	}
	return all
}

func joined(x, y attribution.Window) attribution.Window {
	weight := ratioTo(float64(y.Length), float64(x.Length+y.Length))
	mix := func(a, b float64) float64 { return a + (b-a)*weight }
	for c := range x.Occupancy {
		x.Occupancy[c] = mix(x.Occupancy[c], y.Occupancy[c])
		x.Threads[c] = mix(x.Threads[c], y.Threads[c])
	}
	x.Rate = mix(x.Rate, y.Rate)
	x.Tracked, x.P50 = max(x.Tracked, y.Tracked), max(x.P50, y.P50)
	x.Length += y.Length
	x.Handshakes += y.Handshakes
	x.GCCycles += y.GCCycles
	return x
}

// occupied lists the classes that the chart stacks.
func occupied(e analysis.Explanation, windows []attribution.Window) []account.Class {
	return slices.DeleteFunc(classesOf([]analysis.Explanation{e}), func(c account.Class) bool {
		return !slices.ContainsFunc(windows, func(w attribution.Window) bool { return w.Occupancy[c] > 0 })
	})
}

func occupancyDesc(windows []attribution.Window, classes []account.Class) string {
	total := time.Duration(0)
	var sums [account.Classes]float64
	for _, w := range windows {
		total += w.Length
		for _, c := range classes {
			sums[c] += w.Occupancy[c] * w.Length.Seconds()
		}
	}
	var said []string
	for _, c := range classes {
		said = append(said, c.String()+" "+digits(ratioTo(sums[c], total.Seconds()), 2))
	}
	return fmt.Sprintf("Mean over %s: %s.", took(total), strings.Join(said, ", "))
}

// timeline is where each window begins and ends on the chart. The observed blocks stand next to each other, without
// the time between them.
func timeline(windows []attribution.Window) []float64 {
	total := time.Duration(0)
	for _, w := range windows {
		total += w.Length
	}
	x, at := []float64{chartLeft}, time.Duration(0)
	for _, w := range windows {
		at += w.Length
		x = append(x, chartLeft+(chartRight-chartLeft)*ratioTo(float64(at), float64(total)))
	}
	return x
}

// linear maps values from zero to hi onto a stretch of the drawing.
type linear struct{ hi, from, to float64 }

func (l linear) at(v float64) float64 { return l.from + (l.to-l.from)*min(max(v, 0), l.hi)/l.hi }

// axis draws the scale of a panel with its name.
func (d *Drawing) axis(l linear, name string, steps float64) {
	step := roundStep(l.hi / steps)
	for v := 0.0; v <= l.hi*1.001; v += step {
		d.line("grid", chartLeft, l.at(v), chartRight, l.at(v))
		d.text("tick end", chartLeft-labelBeside, l.at(v)+4, stepText(v, step))
	}
	d.text("tick name", chartLeft+4, l.to-2, name)
}

// roundStep is 1, 2 or 5 times a power of ten, at least v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*0.999 {
			return m * power
		}
	}
	return 10 * power
}

// stepText writes a multiple of a round step with the decimals that the step needs.
func stepText(v, step float64) string {
	return thousands(strconv.FormatFloat(v, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64))
}

// middle is the place of each window's middle, where its value is drawn.
func middle(x []float64, i int) float64 { return (x[i] + x[i+1]) / 2 }

func drawStack(d *Drawing, x []float64, windows []attribution.Window, classes []account.Class) {
	y := linear{highest(windows, func(w attribution.Window) float64 { return height(w, classes) }), stackBottom, stackTop}
	d.axis(y, "handshakes under way", 4)
	below := make([]float64, len(windows))
	for _, c := range classes {
		above := slices.Clone(below)
		for i, w := range windows {
			above[i] += max(w.Occupancy[c], 0)
		}
		drawBand(d, x, y, below, above, classKey(c))
		below = above
	}
	var cycles []point
	for i, w := range windows {
		if w.GCCycles > 0 {
			cycles = append(cycles, point{middle(x, i), stackBottom + 4})
		}
	}
	drawCycles(d, cycles)
}

// drawCycles marks the windows in which a garbage collection ended; where nearly all have one, marks say nothing.
func drawCycles(d *Drawing, at []point) {
	var b strings.Builder
	for _, p := range at {
		b.WriteString("M" + px(p.x) + " " + px(p.y) + "v6")
	}
	if len(at) > 0 {
		d.text("tick end", chartLeft-labelBeside, stackBottom+16, "GC")
		d.Shapes = append(d.Shapes, Shape{Kind: "path", Class: "cycle", Path: b.String()})
	}
}

// drawBand fills a class between two lines and writes its number where the band is high enough.
func drawBand(d *Drawing, x []float64, y linear, below, above []float64, key int) {
	thickest := 0
	for i := range above {
		if above[i]-below[i] > above[thickest]-below[thickest] {
			thickest = i
		}
	}
	upper, lower, reversed := heights(y, above), heights(y, below), slices.Clone(x)
	slices.Reverse(lower)
	slices.Reverse(reversed)
	outline := "M" + px(x[0]) + " " + px(upper[0]) + stairs(x, upper) + stairs(reversed, lower) + "Z"
	d.Shapes = append(d.Shapes, Shape{Kind: "path", Class: "band " + keyClass(key), Path: outline})
	if y.at(below[thickest])-y.at(above[thickest]) >= 12 {
		d.text("number", middle(x, thickest), (y.at(below[thickest])+y.at(above[thickest]))/2+4, strconv.Itoa(key))
	}
}

func heights(y linear, values []float64) []float64 {
	at := make([]float64, len(values))
	for i, v := range values {
		at[i] = y.at(v)
	}
	return at
}

// stairs goes on from the first of some edges to the last, at a height of its own between each two.
func stairs(edges, heights []float64) string {
	var b strings.Builder
	at := ""
	for i, h := range heights {
		if next := px(h); next != at || i == 0 {
			b.WriteString("V" + next)
			at = next
		}
		b.WriteString("H" + px(edges[i+1]))
	}
	return b.String()
}

// stairs draws values as a line, broken where there is none.
func (d *Drawing) stairs(class string, x []float64, heights []float64) {
	var b strings.Builder
	for i := 0; i < len(heights); {
		n := 0
		for i+n < len(heights) && !notFinite(heights[i+n]) {
			n++
		}
		if n > 0 {
			b.WriteString("M" + px(x[i]) + " " + px(heights[i]) + stairs(x[i:], heights[i:i+n]))
		}
		i += n + 1
	}
	d.Shapes = append(d.Shapes, Shape{Kind: "path", Class: class, Path: b.String()})
}

func height(w attribution.Window, classes []account.Class) (sum float64) {
	for _, c := range classes {
		sum += max(w.Occupancy[c], 0)
	}
	return sum
}

// highest is the largest value of any window, a little above zero at least: it is the end of an axis.
func highest(windows []attribution.Window, of func(attribution.Window) float64) float64 {
	hi := 1e-9
	for _, w := range windows {
		hi = max(hi, of(w))
	}
	return hi * 1.05
}

func drawRate(d *Drawing, x []float64, windows []attribution.Window) {
	y := linear{highest(windows, func(w attribution.Window) float64 { return w.Rate }), rateBottom, rateTop}
	d.axis(y, "begun per second", 2)
	var rates []float64
	for _, w := range windows {
		rates = append(rates, y.at(w.Rate))
	}
	d.stairs("curve s0", x, rates)
}

// drawTracked draws the latency on a logarithmic axis, over the episodes.
func drawTracked(d *Drawing, x []float64, windows []attribution.Window, e analysis.Explanation) {
	lo, hi := math.Inf(1), 0.0
	for _, w := range windows {
		if w.Tracked > 0 {
			lo, hi = min(lo, w.Tracked), max(hi, w.Tracked)
		}
	}
	if hi == 0 {
		return
	}
	typical := math.Sqrt(lo * hi)
	y := scale{min(lo/1.1, typical/2), max(hi*1.1, typical*2), trackedBottom, trackedTop}
	drawEpisodes(d, x, windows, e.Episodes)
	for _, t := range decadeTicks(y.lo, y.hi) {
		d.line("grid", chartLeft, y.at(t), chartRight, y.at(t))
		d.text("tick end", chartLeft-labelBeside, y.at(t)+4, axisSeconds(t))
	}
	d.text("tick name", chartLeft+4, trackedTop-2, e.Tracked+" of wall time"+map[bool]string{true: "; shaded: episodes"}[len(e.Episodes) > 0])
	heights := make([]float64, len(windows))
	for i, w := range windows {
		heights[i] = math.NaN()
		if w.Tracked > 0 {
			heights[i] = y.at(w.Tracked)
		}
	}
	d.stairs("curve s2", x, heights)
}

// drawEpisodes shades the windows of each episode and numbers it.
func drawEpisodes(d *Drawing, x []float64, windows []attribution.Window, episodes []attribution.Episode) {
	for n, e := range episodes {
		from, to := math.Inf(1), 0.0
		for i, w := range windows {
			if w.Block == e.Block && w.At < e.At+e.Length && e.At < w.At+w.Length {
				from, to = min(from, x[i]), max(to, x[i+1])
			}
		}
		if to > from {
			d.path("episode", []point{{from, trackedTop}, {to, trackedTop}, {to, trackedBottom}, {from, trackedBottom}})
			d.text("tick middle", (from+to)/2, trackedBottom+13, strconv.Itoa(n+1))
		}
	}
}

// drawTime draws the axis of time and where one block ends and the next begins.
func drawTime(d *Drawing, x []float64, windows []attribution.Window) {
	d.line("axis", chartLeft, stackBottom, chartRight, stackBottom)
	d.line("axis", chartLeft, trackedBottom, chartRight, trackedBottom)
	total := time.Duration(0)
	for i, w := range windows {
		total += w.Length
		if i > 0 && windows[i-1].Block != w.Block {
			d.line("seam", x[i], stackTop, x[i], trackedBottom)
		}
	}
	step := roundStep(total.Seconds() / 8)
	for t := 0.0; t <= total.Seconds()*1.0001; t += step {
		at := chartLeft + (chartRight-chartLeft)*t/total.Seconds()
		d.text("tick middle", min(at, chartRight-12), chartHeight-18, stepText(t, step)+" s")
	}
	d.text("tick middle", (chartLeft+chartRight)/2, chartHeight-3, "observed time"+map[bool]string{true: "; dashed lines: the next block"}[windows[0].Block != windows[len(windows)-1].Block])
}

func occupancyTable(e analysis.Explanation, windows []attribution.Window, classes []account.Class) Table {
	t := Table{Caption: "Mean number of handshakes in each class, " + place(e), Columns: columns("block, since its begin", "begun/s", e.Tracked)}
	for _, c := range classes {
		t.Columns = append(t.Columns, Column{Title: c.String()})
	}
	t.Columns = numeric(append(t.Columns, Column{Title: "GC cycles"}), 1)
	for _, w := range windows {
		row := cells(fmt.Sprintf("%d, %.2f s", w.Block, w.At.Seconds()), digitsGrouped(w.Rate), trackedText(w))
		for _, c := range classes {
			row = append(row, Cell{Text: strconv.FormatFloat(w.Occupancy[c], 'f', 2, 64)})
		}
		t.Rows = append(t.Rows, Row{Cells: append(row, Cell{Text: count(w.GCCycles)})})
	}
	return t
}

// trackedText is a window's latency; a window in which too few handshakes ended has none.
func trackedText(w attribution.Window) string {
	if w.Tracked <= 0 {
		return noValue
	}
	return seconds(w.Tracked)
}
