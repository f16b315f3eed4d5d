package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

const (
	headline = "server_cpu" // the metric that reports show first
	atOnce   = 12           // effects that the page shows without opening a line, where none is gated or on server CPU
)

// Forest is a plot of effects: a row for each, with its interval drawn over the margin on a logarithmic axis.
type Forest struct {
	Caption string
	Ticks   []Tick
	Rows    []ForestRow
}

// Tick is a labelled place of an axis; At is a share of its width, as "12.5%".
type Tick struct{ At, Label string }

// ForestRow is one effect.
type ForestRow struct {
	Verdict     effect.Verdict
	Title       string // of the metric
	Cell        string
	Sides       string // candidate / baseline
	Values      string // baseline → candidate
	Ratio       string
	Gate        string // empty: no gate names it
	Failed      bool
	ClientBound bool
	Notes       []int // numbers of the doubts below the plot, from 1
	Omissions   []int // likewise, of why groups were left out
	Strip       *Strip
}

// Strip is where a row draws its interval, in shares of the width.
type Strip struct {
	Band, BandWidth, One string
	Lo, Hi, Point        string // Lo and Hi are empty where the point is all there is: it was counted
	BeyondLo, BeyondHi   bool   // the interval goes on outside of the plot
	Outline              string // path around the point
	Description          string
}

// Effects is the forest plot of all effects. At once it shows the gated ones, failed before passed, then server CPU
// of every cell and candidate; opened, the others. Among equals the interval farthest from 1 comes first.
func Effects(a *analysis.Analysis) (Section, bool) {
	if len(a.Effects) == 0 {
		return Section{}, false
	}
	sorted, doubts := weighted(a.Effects), doubtsOf(a.Effects)
	shown := len(slices.DeleteFunc(slices.Clone(sorted), func(e analysis.Effect) bool { return !foremost(e) }))
	if shown == 0 {
		shown = min(len(sorted), atOnce)
	}
	s := Section{ID: "effects", Title: "Effects"}
	s.Items = append(s.Items, Item{Page: true, Text: "Candidate / baseline with its interval, over the margin within which " +
		"ratios are the same to us (shaded); a point alone was counted. Gated metrics first, then server CPU, the intervals farthest from 1 first."})
	s.Items = append(s.Items, Item{Forest: forest(a, sorted[:shown], doubts)})
	if rest := sorted[shown:]; len(rest) > 0 {
		fold := fmt.Sprintf("%s in other metrics, the intervals farthest from 1 first", plural(len(rest), "effect"))
		s.Items = append(s.Items, Item{Page: true, Fold: fold, Forest: forest(a, rest, doubts)})
	}
	return s, true
}

// foremost effects are never folded away.
func foremost(e analysis.Effect) bool { return e.Gated || isServerCPU(e) }

func isServerCPU(e analysis.Effect) bool { return e.Metric == headline }

// weighted sorts effects by what matters.
func weighted(effects []analysis.Effect) []analysis.Effect {
	sorted := slices.Clone(effects)
	slices.SortStableFunc(sorted, byWeight)
	return sorted
}

func byWeight(x, y analysis.Effect) int {
	return cmp.Or(first(x.Failed, y.Failed), first(x.Gated, y.Gated), first(isServerCPU(x), isServerCPU(y)),
		cmp.Compare(distance(y), distance(x)))
}

// first orders what is so before what is not.
func first(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

// distance is how far the interval is from 1 on the logarithmic axis; negative where it includes 1, and least where
// there is none.
func distance(e analysis.Effect) float64 {
	if !bounded(e.Ratio) {
		return math.Inf(-1)
	}
	return max(math.Log(e.Ratio.Lo), -math.Log(e.Ratio.Hi))
}

func forest(a *analysis.Analysis, effects []analysis.Effect, doubts []string) *Forest {
	axis := axisOf(effects)
	f := &Forest{Caption: "Effects: candidate / baseline, logarithmic axis", Ticks: ratioTicks(axis)}
	for _, e := range effects {
		f.Rows = append(f.Rows, forestRow(a, e, axis, doubts))
	}
	return f
}

func forestRow(a *analysis.Analysis, e analysis.Effect, axis scale, doubts []string) ForestRow {
	return ForestRow{
		Verdict:     e.Verdict,
		Title:       titleOf(e),
		Cell:        e.Cell,
		Sides:       e.Candidate.Variant + " / " + e.Baseline.Variant,
		Values:      value(e.Baseline.Value, e.Unit) + " → " + value(e.Candidate.Value, e.Unit),
		Ratio:       ratioText(e, e.Ratio),
		Failed:      e.Failed,
		Gate:        gateOf(e),
		Notes:       numbers(doubts, e.Warnings),
		Omissions:   numbers(doubts, e.Omissions),
		ClientBound: clientBound(a, e),
		Strip:       strip(e, axis),
	}
}

// groupsOf is how many groups an effect rests on: "8", or "7 of 8".
func groupsOf(e analysis.Effect) string {
	switch {
	case e.Measured == 0:
		return ""
	case e.Groups < e.Measured:
		return fmt.Sprintf("%d of %d", e.Groups, e.Measured)
	}
	return strconv.Itoa(e.Groups)
}

// numbers is under which numbers some texts stand among the doubts.
func numbers(doubts, texts []string) []int {
	var all []int
	for _, t := range names(texts...) {
		all = append(all, slices.Index(doubts, t)+1)
	}
	return all
}

func titleOf(e analysis.Effect) string {
	if e.Higher {
		return e.Title + " (more is better)"
	}
	return e.Title
}

func gateOf(e analysis.Effect) string {
	switch {
	case e.Failed:
		return "gate failed"
	case e.Advisory:
		return "advisory gate"
	case e.Gated && standingOf(e) == gateExpected:
		return "expected"
	case e.Gated:
		return "gated"
	}
	return ""
}

// clientBound says whether the generator set the pace on either side of a comparison of rates or latencies.
func clientBound(a *analysis.Analysis, e analysis.Effect) bool {
	m, _ := metric.ByName(e.Metric)
	if m.Family != metric.Rate && m.Family != metric.Latency {
		return false
	}
	return slices.ContainsFunc(a.Series, func(s analysis.Series) bool {
		return s.ClientBound && s.Cell == e.Cell && (s.Variant == e.Baseline.Variant || s.Variant == e.Candidate.Variant)
	})
}

// axisOf spans the intervals of the effects, at least 0.9 to 1.1 and at most 0.2 to 5.
func axisOf(effects []analysis.Effect) scale {
	lo, hi := 0.9, 1.1
	for _, e := range effects {
		if bounded(e.Ratio) {
			lo, hi = min(lo, e.Ratio.Lo), max(hi, e.Ratio.Hi)
		}
	}
	return scale{max(lo, 0.2) / 1.02, min(hi, 5) * 1.02, 2, 98}
}

// ratioTicks picks round ratios that stand at least a tenth of the axis apart, 1 before all.
func ratioTicks(axis scale) []Tick {
	placed := map[float64]float64{1: axis.at(1)}
	for _, v := range []float64{2, 0.5, 1.5, 0.8, 1.2, 0.9, 1.1, 4, 0.25, 3, 0.3, 5, 0.2, 0.7, 1.3, 0.95, 1.05} {
		at := axis.at(v)
		room := at >= axis.from && at <= axis.to
		for _, other := range placed {
			room = room && math.Abs(at-other) >= 10
		}
		if room {
			placed[v] = at
		}
	}
	var ticks []Tick
	for v, at := range placed {
		ticks = append(ticks, Tick{px(at) + "%", strconv.FormatFloat(v, 'f', -1, 64) + "x"})
	}
	slices.SortFunc(ticks, func(x, y Tick) int { return cmp.Compare(share(x.At), share(y.At)) })
	return ticks
}

func share(at string) float64 {
	v, _ := strconv.ParseFloat(at[:len(at)-1], 64) // written by px just before
	return v
}

// strip places an effect on the axis; nil where there is no ratio.
func strip(e analysis.Effect, axis scale) *Strip {
	if !known(e.Ratio) {
		return nil
	}
	at := func(v float64) (string, bool) {
		x, beyond := axis.clamped(v)
		return px(x) + "%", beyond
	}
	s := &Strip{Outline: outline(e.Verdict), Description: ratioText(e, e.Ratio) + ", " + string(e.Verdict)}
	s.One, _ = at(1)
	if !e.Exact {
		s.Lo, s.BeyondLo = at(e.Ratio.Lo)
		s.Hi, s.BeyondHi = at(e.Ratio.Hi)
	}
	s.Point, _ = at(e.Ratio.Point)
	from, _ := axis.clamped(1 / (1 + e.Margin))
	to, _ := axis.clamped(1 + e.Margin)
	s.Band, s.BandWidth = px(from)+"%", px(to-from)+"%"
	return s
}

// outline is the path of a verdict's symbol around the origin.
func outline(v effect.Verdict) string {
	switch v {
	case effect.Worse:
		return "M0-6 6 0 0 6-6 0z"
	case effect.Same:
		return "M-4-4h8v8h-8z"
	case effect.Better, effect.Inconclusive:
		return "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"
	}
	return "M-4-4 4 4M-4 4 4-4"
}
