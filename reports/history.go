package reports

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/analysis/history"
	"github.com/tlslab/tlslab/results/metric"
)

const (
	hostsAtMost   = 4    // classes of machines, those with the latest runs
	figuresAtOnce = 12   // of a class; the page shows the others when a line is opened
	runsInAll     = 4000 // that figures draw: a page of forty cells stays easy to mail
	runsAtLeast   = history.MinPoints
)

// History tells earlier runs: how the gated ratios, those of server CPU, and what was counted of the baseline went
// from run to run on each class of machines, and where their level changed. What it says is advice; nothing is gated
// on it. There is no section where there are no runs.
func History(points []history.Point) Part {
	return func(*analysis.Analysis) (Section, bool) {
		s := Section{ID: "history", Title: "History"}
		if len(points) == 0 {
			return s, false
		}
		all := followedOf(points)
		s.Items = []Item{{Text: historyText(points)}}
		hosts := hostsOf(all)
		for _, host := range hosts[:min(len(hosts), hostsAtMost)] {
			s.Items = append(s.Items, hostItems(host, all)...)
		}
		if more := len(hosts) - hostsAtMost; more > 0 {
			s.Items = append(s.Items, Item{Text: fmt.Sprintf("Classes of machines with older runs that are not shown: %d.", more)})
		}
		return s, true
	}
}

// followed is a series that the report shows, with where its level changed.
type followed struct {
	history.Series
	number  int // of its figure, from 1
	metric  metric.Metric
	changes []history.Change
}

// followedOf picks what means something from run to run: gated ratios, those of server CPU, and what was counted of the
// baseline, which no machine's speed changes.
func followedOf(points []history.Point) []followed {
	baselines := map[string]bool{}
	for _, p := range points {
		baselines[p.Baseline] = true
	}
	var all []followed
	for _, s := range history.SeriesOf(points) {
		m, _ := metric.ByName(s.Metric)
		ratio := s.Baseline != ""
		if ratio && (s.Gated || s.Metric == headline) || !ratio && baselines[s.Variant] && slices.Contains(metric.Counted(), m) {
			f := followed{Series: s, number: len(all) + 1, metric: m}
			f.changes = s.Changes(f.margin())
			all = append(all, f)
		}
	}
	return all
}

// margin is that of the gate, or the metric's own.
func (f followed) margin() float64 {
	if f.Gated {
		return f.Margin
	}
	return f.metric.Margin
}

func historyText(points []history.Point) string {
	first, last, invalid := points[0], points[0], 0
	for _, p := range points {
		if p.When.Before(first.When) {
			first = p
		}
		if p.When.After(last.When) {
			last = p
		}
		if !p.Valid() {
			invalid++
		}
	}
	text := plural(len(points), "run") + ", " + day(first.When)
	if day(last.When) != day(first.When) {
		text += " to " + day(last.When)
	}
	if invalid > 0 {
		text += fmt.Sprintf("; invalid, and left out: %d", invalid)
	}
	return text + fmt.Sprintf(". Only runs on one class of machines (CPU, kernel, Go) are set side by side. Changes of level are advice, "+
		"and gate nothing: they need %d runs, %d on each side.", history.MinPoints, history.MinSegment)
}

// hostsOf lists the classes of machines, the latest first.
func hostsOf(all []followed) []history.Host {
	var hosts []history.Host
	for _, f := range all {
		if !slices.Contains(hosts, f.Host) {
			hosts = append(hosts, f.Host)
		}
	}
	return hosts
}

func hostItems(host history.Host, all []followed) []Item {
	mine := slices.DeleteFunc(slices.Clone(all), func(f followed) bool { return f.Host != host })
	items := []Item{
		{Heading: fmt.Sprintf("%s, kernel %s, %s", host.CPU, host.Kernel, host.Go)},
		{Table: seriesTable(mine)},
	}
	if t := changesTable(mine); len(t.Rows) > 0 {
		items = append(items, Item{Table: t})
	}
	figures := historyFigures(mine, max(runsAtLeast, runsInAll/len(all)))
	if shown := figures[:min(len(figures), figuresAtOnce)]; len(shown) > 0 {
		items = append(items, Item{Page: true, Plots: &Plots{Figures: shown}})
	}
	if rest := figures[min(len(figures), figuresAtOnce):]; len(rest) > 0 {
		items = append(items, Item{Page: true, Fold: plural(len(rest), "more figure"), Plots: &Plots{Figures: rest}})
	}
	return items
}

func seriesTable(all []followed) *Table {
	t := &Table{Caption: "The latest of each series", Columns: columns("metric", "cell", "last run", "last value", "runs", "changes")}
	numeric(t.Columns, 4)
	for _, f := range all {
		last := f.Samples[len(f.Samples)-1]
		changes := Cell{Text: strconv.Itoa(len(f.changes))}
		if len(f.Samples) < history.MinPoints {
			changes = Cell{Text: "too few", Tone: Muted}
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			{Text: f.Metric, Note: f.sides()}, {Text: f.Cell}, {Text: day(last.When), Note: commit(last)}, {Text: f.value(last)},
			{Text: strconv.Itoa(len(f.Samples))}, changes,
		}})
	}
	return t
}

func changesTable(all []followed) *Table {
	t := &Table{Caption: "Changes of level", Columns: columns("metric", "cell", "since", "level", "p")}
	for _, f := range all {
		for _, c := range f.changes {
			before, after := f.Samples[c.At-1], f.Samples[c.At]
			commits := commit(after)
			if was := commit(before); was != "" && commits != "" {
				commits = was + ".." + commits
			}
			t.Rows = append(t.Rows, Row{Cells: []Cell{
				{Text: f.Metric, Note: f.sides()}, {Text: f.Cell}, {Text: day(after.When), Note: commits}, {Text: f.levels(c)}, {Text: pValue(c.P)},
			}})
		}
	}
	return t
}

// sides is what a ratio compares, or whose value it is.
func (f followed) sides() string {
	if f.Baseline == "" {
		return f.Variant
	}
	return f.Variant + " / " + f.Baseline
}

// value is the number of one run, with its interval if it has one.
func (f followed) value(s history.Sample) string {
	if f.Baseline == "" {
		return quantity(s.Value, f.metric.Unit)
	}
	if s.Lo == s.Hi {
		return times(s.Value, 4)
	}
	return ratio(&effect.Ratio{Point: s.Value, Lo: s.Lo, Hi: s.Hi})
}

// levels is the level before a change and after it.
func (f followed) levels(c history.Change) string {
	level := func(v float64) string {
		if f.Baseline == "" {
			return quantity(v, f.metric.Unit)
		}
		return times(v, 3)
	}
	return level(c.Before) + "\u00a0→\u00a0" + level(c.After)
}

// commit is the commit of a run, short.
func commit(s history.Sample) string { return s.Commit[:min(len(s.Commit), 12)] }

// pValue writes a p-value by its size: below 1e-12 its digits mean nothing.
func pValue(p float64) string {
	if p < 1e-12 {
		return "< 1e-12"
	}
	return strconv.FormatFloat(p, 'e', 0, 64)
}
