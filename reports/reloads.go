package reports

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// Reloads says what reload strategies made of certificates that moved: of each injection of the scorecard, of many
// rotations in a row, of crashes, and of rotations under load.
func Reloads(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "reloads", Title: "Certificates that move", Short: "Reloads"}
	if len(a.Reloads)+len(a.Scorecard) == 0 {
		return s, false
	}
	s.Items = append(s.Items, Item{Page: true, Text: "A generation is the serial number of a certificate, as a full handshake shows it. " +
		"Adopted after: from the writer's last step to the end of the first full handshake that shows the new generation. " +
		"Stale window: time for which an older generation is served than the newest in the files. Mixed window: time for which two are served. " +
		"Regressed: an older generation is served again after a newer one."})
	s.Items = append(s.Items, strategyItems(a)...)
	s.Items = append(s.Items, injectionItems(a.Scorecard)...)
	s.Items = append(s.Items, soakItems(a.Scorecard)...)
	s.Items = append(s.Items, crashItems(a.Scorecard)...)
	s.Items = append(s.Items, memoryItems(a.Scorecard)...)
	for _, c := range a.Manifest.Cells {
		s.Items = append(s.Items, rotationItems(a, c.Name)...)
	}
	return s, true
}

// delayed writes one quantile of some delays; it has no value where the sample is too small.
func delayed(d analysis.Delays, q float64) string {
	at, ok := d.Quantile(q)
	if !ok {
		return noValue
	}
	return after(at)
}

// after writes a delay. One that a handshake showed before the writer had taken its last step has no length.
func after(d time.Duration) string {
	if d == 0 {
		return "at once"
	}
	return seconds(d.Seconds())
}

// fault is a count that a good server has none of.
func fault(n uint64) Cell {
	if n == 0 {
		return Cell{Text: "0", Tone: Muted}
	}
	return Cell{Text: count(n), Tone: Bad}
}

// whole is a count that is below zero only where it is unknown.
func whole[Int ~int | ~int64](n Int) uint64 { return uint64(max(n, 0)) }

// rotationItems tells of the rotations during the blocks of a cell.
func rotationItems(a *analysis.Analysis, cell string) []Item {
	in := slices.DeleteFunc(slices.Clone(a.Reloads), func(r analysis.Reloading) bool { return r.Cell != cell })
	if len(in) == 0 {
		return nil
	}
	if !slices.ContainsFunc(in, func(r analysis.Reloading) bool { return r.Rotations+r.Kept+r.Wrong > 0 }) {
		return []Item{{Page: true, Heading: cell}, {Page: true, Table: windowTable(a, in)}}
	}
	items := []Item{
		{Heading: cell},
		{Page: true, Table: rotationTable(in)}, {Page: true, Table: windowTable(a, in)},
		{Terminal: true, Table: rotationBrief(a, in)},
	}
	for _, r := range in {
		for _, doubt := range reloadDoubts(r) {
			items = append(items, Item{Doubt: r.Variant + ": " + doubt})
		}
	}
	if t := counterTable(in); len(t.Rows) > 0 {
		items = append(items, Item{Page: true, Fold: "Reloads by result and reason", Table: t})
	}
	for _, r := range in {
		if c := reloadChart(a, r); c != nil {
			items = append(items, Item{Page: true, Chart: c})
		}
	}
	return items
}

// reloadDoubts is what weakens the numbers of one variant in one cell.
func reloadDoubts(r analysis.Reloading) []string {
	var said []string
	if r.Failing > 0 {
		said = append(said, fmt.Sprintf("handshakes failed in %d of %s: guards refuse such blocks, so their times are in no value and no ratio, but what became of their rotations is told here",
			r.Failing, plural(r.Blocks, "block")))
	}
	if r.Wrong > 0 {
		said = append(said, plural(r.Wrong, "change")+" of the files adopted that a good server refuses")
	}
	for _, why := range slices.Sorted(maps.Keys(r.Stuck)) {
		said = append(said, fmt.Sprintf("in %d of %s the newest reload did not succeed: %s", r.Stuck[why], plural(r.Blocks, "block"), why))
	}
	if n := r.Fates[analysis.Open]; n > 0 {
		said = append(said, plural(n, "rotation")+" not adopted when the block ended, soon after")
	}
	return said
}

func rotationTable(in []analysis.Reloading) *Table {
	t := &Table{Caption: "What became of rotations during the load, " + in[0].Cell}
	t.Columns = numeric(columns("variant", "rotations", "adopted", "superseded", "never", "open",
		"adopted after p50", "p90", "p99", "longest", "published after p50", "p99", "longest"), 1)
	for _, r := range in {
		row := []Cell{strategic(r), {Text: count(whole(r.Rotations))}, {Text: count(whole(r.Fates[analysis.Adopted]))},
			{Text: count(whole(r.Fates[analysis.Superseded]))}, fault(whole(r.Fates[analysis.Never])), {Text: count(whole(r.Fates[analysis.Open]))}}
		row = append(row, cells(delayed(r.After, 0.5), delayed(r.After, 0.9), delayed(r.After, 0.99), delayed(r.After, 1),
			delayed(r.Published, 0.5), delayed(r.Published, 0.99), delayed(r.Published, 1))...)
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

// strategic names a variant, and its strategy where that has another name.
func strategic(r analysis.Reloading) Cell {
	if r.Strategy == r.Variant {
		return Cell{Text: r.Variant}
	}
	return Cell{Text: r.Variant, Note: r.Strategy}
}

func windowTable(a *analysis.Analysis, in []analysis.Reloading) *Table {
	t := &Table{Caption: "What handshakes were served with, and what that cost them, " + in[0].Cell}
	t.Columns = numeric(columns("variant", "handshakes", "failed", "response p99 / baseline", "stale window", "mixed window, in all", "longest", "regressed",
		"lock wait per handshake", "a reload took p50", "longest"), 1)
	for _, r := range in {
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			strategic(r), {Text: count(r.Began)}, fault(r.Failed), tailCell(a, r.Cell, r.Variant), {Text: staleShare(r)},
			{Text: took(r.Mixed)}, {Text: took(r.Longest)}, fault(whole(r.Regressed)),
			{Text: lockWait(r)}, {Text: delayed(r.Took, 0.5)}, {Text: delayed(r.Took, 1)},
		}})
	}
	return t
}

func rotationBrief(a *analysis.Analysis, in []analysis.Reloading) *Table {
	t := &Table{Caption: "Rotations during the load: adopted after, handshakes failed, response p99 / baseline"}
	t.Columns = numeric(columns("variant", "rotations", "p50", "p99", "longest", "never", "failed", "p99 ratio"), 1)
	for _, r := range in {
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			{Text: r.Variant}, {Text: count(whole(r.Rotations))}, {Text: delayed(r.After, 0.5)}, {Text: delayed(r.After, 0.99)}, {Text: delayed(r.After, 1)},
			fault(whole(r.Fates[analysis.Never])), fault(r.Failed), {Text: pointOf(a, r.Cell, r.Variant)},
		}})
	}
	return t
}

func staleShare(r analysis.Reloading) string {
	return percent(ratioTo(r.Stale.Seconds(), r.Length.Seconds()))
}

func lockWait(r analysis.Reloading) string {
	if r.LockWait < 0 {
		return noValue
	}
	return plain(r.LockWait)
}

// tailOf is how the tail of a candidate's latency differs from the baseline's: of the response time, in a closed loop
// of the service time.
func tailOf(a *analysis.Analysis, cell, variant string) *analysis.Effect {
	for _, metric := range []string{"response_p99", "service_p99"} {
		at := slices.IndexFunc(a.Effects, func(e analysis.Effect) bool {
			return e.Metric == metric && e.Cell == cell && e.Candidate.Variant == variant
		})
		if at >= 0 {
			return &a.Effects[at]
		}
	}
	return nil
}

func tailCell(a *analysis.Analysis, cell, variant string) Cell {
	e := tailOf(a, cell, variant)
	if e == nil {
		return Cell{Text: map[bool]string{true: "baseline", false: noValue}[isBaseline(a, variant)], Tone: Muted}
	}
	note := string(e.Verdict)
	if e.Metric != "response_p99" {
		note = "service time, " + note
	}
	return Cell{Text: ratio(e.Ratio), Note: note, Tone: toneOf(e.Verdict)}
}

// pointOf is tailCell in few columns.
func pointOf(a *analysis.Analysis, cell, variant string) string {
	e := tailOf(a, cell, variant)
	if e == nil || !known(e.Ratio) {
		return noValue
	}
	return times(e.Ratio.Point, 2)
}

func isBaseline(a *analysis.Analysis, variant string) bool {
	return slices.ContainsFunc(a.Manifest.Variants, func(v results.Variant) bool { return v.Name == variant && v.Baseline })
}

// counterTable counts reloads by result and reason: the variants side by side.
func counterTable(in []analysis.Reloading) *Table {
	t := &Table{Caption: "Reloads by result and reason, " + in[0].Cell, Columns: columns("result")}
	outcomes := map[string]bool{}
	for _, r := range in {
		t.Columns = append(t.Columns, Column{Title: r.Variant, Numeric: true})
		for name := range r.Reloads {
			outcomes[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(outcomes)) {
		row := cells(name)
		for _, r := range in {
			row = append(row, Cell{Text: count(r.Reloads[name])})
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}
