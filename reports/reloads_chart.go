package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/analysis"
)

// The frame of a chart of a block as time went by, in pixels: what was served, above how long handshakes took.
const (
	reloadHeight            = 330
	servedTop, servedBottom = 14, 150
	marksAt                 = 156
	delayTop, delayBottom   = 196, 290
	generationTicks         = 5
	reloadLeft, reloadRight = chartLeft, chartRight
)

// reloadChart draws one block of a variant: the generation in the files and those that handshakes showed, with a mark
// for each rotation, above the response time.
func reloadChart(a *analysis.Analysis, r analysis.Reloading) *Chart {
	t := r.Timeline
	if t == nil || t.Length <= 0 || len(t.Slots) == 0 {
		return nil
	}
	slots := mergedSlots(t.Slots, max(pointsAtLeast, min(pointsAtMost, pointsInAll/len(a.Reloads))))
	at := slices.IndexFunc(a.Reloads, func(o analysis.Reloading) bool { return o.Cell == r.Cell && o.Variant == r.Variant })
	c := &Chart{}
	c.Title = "Generations served over time, " + r.Variant + ", " + r.Cell
	c.Caption = reloadCaption(r)
	c.Drawing = Drawing{
		ID: fmt.Sprintf("reload-%d", at+1), Title: "Generation served and response time, " + r.Variant + ", " + r.Cell,
		Desc: reloadDesc(r), Width: chartWidth, Height: reloadHeight,
	}
	f := reloadFrame{&c.Drawing, t, slots}
	f.drawServed()
	f.drawMarks()
	f.drawDelays()
	f.drawTime()
	c.Table = reloadTable(r, t, slots)
	return c
}

func reloadCaption(r analysis.Reloading) string {
	text := fmt.Sprintf("block %d, the first that is valid and undisturbed", r.Timeline.Block)
	if !r.Timeline.Valid {
		text = fmt.Sprintf("block %d, which a guard refuses", r.Timeline.Block)
	}
	return text + ": the newest and the oldest generation that full handshakes showed; beneath, median and longest response time."
}

func reloadDesc(r analysis.Reloading) string {
	return fmt.Sprintf("%s, %d adopted, %d superseded, %d never adopted in all blocks; the older generation was served for %s of the time.",
		plural(r.Rotations, "rotation"), r.Fates[analysis.Adopted], r.Fates[analysis.Superseded], r.Fates[analysis.Never], staleShare(r))
}

// reloadFrame is a drawing of a timeline.
type reloadFrame struct {
	*Drawing
	line  *analysis.Timeline
	slots []loadgen.Slot
}

func (f reloadFrame) x(at time.Duration) float64 {
	share := ratioTo(float64(at), float64(f.line.Length))
	return reloadLeft + (reloadRight-reloadLeft)*min(max(share, 0), 1)
}

// generations is the range of the numbers that a timeline shows.
func (f reloadFrame) generations() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	see := func(g uint64) {
		if g > 0 {
			lo, hi = min(lo, float64(g)), max(hi, float64(g))
		}
	}
	see(filed(f.line, 0))
	for _, r := range f.line.Rotations {
		see(r.Generation)
	}
	for _, s := range f.slots {
		see(s.Oldest)
		see(s.Newest)
	}
	return lo, hi
}

func (f reloadFrame) drawServed() {
	lo, hi := f.generations()
	if lo > hi {
		return
	}
	y := func(g float64) float64 {
		return servedBottom - 6 - (servedBottom-servedTop-12)*ratioTo(g-lo, max(hi-lo, 1))
	}
	step := max(1, roundStep(max(hi-lo, 1)/generationTicks))
	for g := math.Ceil(lo/step) * step; g <= hi; g += step {
		f.Drawing.line("grid", reloadLeft, y(g), reloadRight, y(g))
		f.text("tick end", reloadLeft-labelBeside, y(g)+4, stepText(g, step))
	}
	f.text("tick name", reloadLeft+4, servedTop-4, "generation: solid, the newest and below it the oldest shown; dashed, the newest in the files")
	f.drawFiled(y)
	f.drawSlots("curve s1", func(s loadgen.Slot) float64 { return shownAt(y, s.Oldest) })
	f.drawSlots("curve s0", func(s loadgen.Slot) float64 { return shownAt(y, s.Newest) })
	f.Drawing.line("axis", reloadLeft, servedBottom, reloadRight, servedBottom)
}

func shownAt(y func(float64) float64, generation uint64) float64 {
	if generation == 0 {
		return math.NaN()
	}
	return y(float64(generation))
}

// drawFiled draws the generation in the files as steps.
func (f reloadFrame) drawFiled(y func(float64) float64) {
	edges, heights := []float64{f.x(0)}, []float64{shownAt(y, filed(f.line, 0))}
	for _, r := range f.line.Rotations {
		edges, heights = append(edges, f.x(r.At)), append(heights, y(float64(r.Generation)))
	}
	f.stairs("curve s2 asked", append(edges, f.x(f.line.Length)), heights)
}

// drawSlots draws a value of each slot as steps, broken where there is no slot.
func (f reloadFrame) drawSlots(class string, height func(loadgen.Slot) float64) {
	var edges, heights []float64
	for i, s := range f.slots {
		if i > 0 && s.At > f.slots[i-1].At+f.slots[i-1].Length {
			edges, heights = append(edges, f.x(f.slots[i-1].At+f.slots[i-1].Length)), append(heights, math.NaN())
		}
		edges, heights = append(edges, f.x(s.At)), append(heights, height(s))
	}
	last := f.slots[len(f.slots)-1]
	f.stairs(class, append(edges, f.x(last.At+last.Length)), heights)
}

// drawMarks draws a mark for each rotation and one for each slot in which handshakes failed.
func (f reloadFrame) drawMarks() {
	var rotations, failures []float64
	for _, r := range f.line.Rotations {
		rotations = append(rotations, f.x(r.At))
	}
	for _, s := range f.slots {
		if s.Failed > 0 {
			failures = append(failures, f.x(s.At+s.Length/2))
		}
	}
	f.drawTicks("rotated", marksAt, rotations)
	f.drawTicks("failed", marksAt+12, failures)
}

func (f reloadFrame) drawTicks(name string, y float64, at []float64) {
	if len(at) == 0 {
		return
	}
	var b strings.Builder
	for _, x := range at {
		b.WriteString("M" + px(x) + " " + px(y) + "v7")
	}
	f.text("tick end", reloadLeft-labelBeside, y+8, name)
	f.Shapes = append(f.Shapes, Shape{Kind: "path", Class: "cycle", Path: b.String()})
}

// drawDelays draws median and longest response time on a logarithmic axis.
func (f reloadFrame) drawDelays() {
	lo, hi := math.Inf(1), 0.0
	for _, s := range f.slots {
		if s.Confirmed > 0 && s.Median > 0 {
			lo, hi = min(lo, s.Median.Seconds()), max(hi, s.Worst.Seconds())
		}
	}
	if hi == 0 {
		return
	}
	y := scale{lo / 1.2, hi * 1.2, delayBottom, delayTop}
	for _, t := range decadeTicks(y.lo, y.hi) {
		f.Drawing.line("grid", reloadLeft, y.at(t), reloadRight, y.at(t))
		f.text("tick end", reloadLeft-labelBeside, y.at(t)+4, axisSeconds(t))
	}
	f.text("tick name", reloadLeft+4, delayTop-4, "response time: the longest, and below it the median")
	height := func(of func(loadgen.Slot) time.Duration) func(loadgen.Slot) float64 {
		return func(s loadgen.Slot) float64 {
			if of(s) <= 0 {
				return math.NaN()
			}
			return y.at(of(s).Seconds())
		}
	}
	f.drawSlots("curve s2", height(func(s loadgen.Slot) time.Duration { return s.Worst }))
	f.drawSlots("curve s0", height(func(s loadgen.Slot) time.Duration { return s.Median }))
	f.Drawing.line("axis", reloadLeft, delayBottom, reloadRight, delayBottom)
}

func (f reloadFrame) drawTime() {
	length := f.line.Length.Seconds()
	step := roundStep(length / 8)
	for n := 0; float64(n)*step <= length*1.0001; n++ {
		t := float64(n) * step
		f.text("tick middle", min(f.x(time.Duration(t*1e9)), reloadRight-12), delayBottom+labelBelow, stepText(t, step)+" s")
	}
	f.text("tick middle", (reloadLeft+reloadRight)/2, reloadHeight-4, "time since the begin of the load")
}
