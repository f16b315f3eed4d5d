package reports

import (
	"fmt"
	"math"
	"slices"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// Signer says what the lab's own P-384 signer did: which of its paths, how full its batches were, how long signatures
// waited for them, and how often crypto/ecdsa had to stand in.
func Signer(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "signer", Title: "The lab's P-384 signer", Short: "Signer"}
	chosen := chosenSigners(a.Manifest)
	var cells []Item
	for _, c := range a.Manifest.Cells {
		if series := signing(seriesOf(a, c.Name)); len(series) > 0 {
			cells = append(cells, signerItems(a, c.Name, series)...)
		}
	}
	if len(chosen)+len(cells) == 0 {
		return s, false
	}
	s.Items = []Item{{Text: "Experimental, for lab keys only: neither reviewed nor validated."}}
	if len(chosen) > 0 {
		s.Items = append(s.Items, Item{List: chosen})
	}
	s.Items = append(s.Items, Item{Page: true, Text: "Eight lanes: signatures computed at once; one lane: one after the other, as batches of few are; std: by crypto/ecdsa. " +
		"Kernel: the lab's code without nonces and encoding, by the clock. Waits are for the batch to begin."})
	s.Items = append(s.Items, cells...)
	return s, true
}

func signing(series []analysis.Series) []analysis.Series {
	return slices.DeleteFunc(series, func(s analysis.Series) bool { return s.Signer == nil })
}

// chosenSigners says for each variant that asked for a signer which one it got, and why.
func chosenSigners(m results.Manifest) []string {
	var said []string
	for _, v := range m.Variants {
		if v.Hello.Signer != "" && v.Name != m.Null {
			said = append(said, fmt.Sprintf("%s: asked for %s, got %s: %s", v.Name, orNone(v.Accel), v.Hello.Signer, v.Hello.SignerWhy))
		}
	}
	return said
}

func signerItems(a *analysis.Analysis, cell string, series []analysis.Series) []Item {
	items := []Item{
		{Page: true, Heading: cell},
		{Page: true, Table: signerTable(cell, series, false)},
		{Terminal: true, Table: signerTable(cell, series, true)},
	}
	for _, s := range series {
		for _, warning := range a.SignerWarnings(s) {
			items = append(items, Item{Doubt: s.Variant + ": " + warning})
		}
	}
	for _, h := range []histogram{fills, waits} {
		if bars := h.bars(a.Manifest, cell, series); len(bars.Rows) > 0 {
			items = append(items, Item{Page: true, Bars: bars}, Item{Page: true, Fold: "The same as a table", Table: h.table(cell, series)})
		}
	}
	return items
}

// signerTable has a row for each variant.
func signerTable(cell string, series []analysis.Series, briefly bool) *Table {
	t := &Table{Caption: "Signatures, " + cell}
	titles := []string{"variant", "signatures", "eight lanes", "one lane", "std", "mean fill", "wait p50", "wait p99", "kernel each"}
	if !briefly {
		titles = append(titles, "verified", "path")
	}
	t.Columns = numeric(columns(titles...), 1)
	for _, s := range series {
		row := append(cells(s.Variant), signerCells(s.Signer)...)
		if !briefly {
			row = append(row, cells(verified(s.Signer), s.Signer.Path)...)
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

func signerCells(s *server.Signer) []Cell {
	batched := uint64(0)
	for lanes, n := range s.Fill {
		batched += uint64(lanes) * n
	}
	eight := max(batched, s.Single) - s.Single // batches of few are signed one after the other
	std := uint64(0)
	for _, n := range s.Fallbacks {
		std += n
	}
	row := cells(count(s.Signatures), count(eight), count(s.Single), count(std), noValue, waited(s, 0.5), waited(s, 0.99), noValue)
	if std > 0 {
		row[3].Tone = Doubt
	}
	if mean, ok := analysis.MeanFill(s); ok {
		row[4].Text = digits(mean, 3) + " of 8"
	}
	if own := eight + s.Single; own > 0 && s.Kernel > 0 {
		row[7].Text = seconds(s.Kernel.Seconds() / float64(own))
	}
	return row
}

// verified is how many signatures crypto/ecdsa verified, as one of so many.
func verified(s *server.Signer) string {
	if s.Verified == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (1 of %s)", count(s.Verified), count(uint64(math.Round(float64(s.Signatures)/float64(s.Verified)))))
}

// waited is below which time so large a share of the signatures waited for their batch to begin.
func waited(s *server.Signer, share float64) string {
	n := sumOf(s.Waits)
	if n == 0 || !supports(n, share) {
		return noValue
	}
	below := uint64(0)
	for i, waits := range s.Waits {
		if below += waits; float64(below) >= share*float64(n) {
			return "< " + waitEnd(i)
		}
	}
	return noValue
}

func sumOf(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// waitEnd is the end of the i-th power of two of nanoseconds.
func waitEnd(i int) string { return seconds(math.Ldexp(1e-9, i+1)) }

// histogram is counts of a signer, drawn as one bar for each variant, divided into shares.
type histogram struct {
	caption, by string
	of          func(*server.Signer) []uint64
	name        func(i int) string
	key         func(i int) int // segment of the bar that the i-th count belongs to, from 1
	segment     func(key int) string
}

var fills = histogram{
	caption: "Batches by how many signatures were in them", by: "signatures",
	of:      func(s *server.Signer) []uint64 { return s.Fill },
	name:    func(i int) string { return plural(i, "signature") },
	key:     func(i int) int { return i },
	segment: func(key int) string { return plural(key, "signature") },
}

// waitsJoined is how many powers of two are one segment of the bar of waits, and waitsFirst the first segment's end.
const waitsJoined, waitsFirst = 2, 8

var waits = histogram{
	caption: "Signatures by how long they waited for their batch", by: "time waited",
	of:   func(s *server.Signer) []uint64 { return s.Waits },
	name: func(i int) string { return "below " + waitEnd(i) },
	key:  func(i int) int { return min(1+max(i-waitsFirst+waitsJoined, 0)/waitsJoined, keys) },
	segment: func(key int) string {
		if key == keys {
			return "longer"
		}
		return "below " + waitEnd(waitsFirst-1+waitsJoined*(key-1))
	},
}

func (h histogram) bars(m results.Manifest, cell string, series []analysis.Series) *Bars {
	b := &Bars{Caption: h.caption + ", " + cell, By: h.by, Shown: true}
	for _, s := range series {
		counts := h.of(s.Signer)
		whole := sumOf(counts)
		if whole == 0 {
			continue
		}
		row := Bar{Head: Head{Name: s.Variant, Series: number(m, s.Variant)}, Total: count(whole)}
		shares := make([]float64, keys+1)
		for i, n := range counts {
			shares[min(h.key(i), keys)] += float64(n) / float64(whole)
		}
		at := 0.0
		for key, share := range shares {
			if share > 0 {
				row.Segments = append(row.Segments, segment(at, 100*share, key, h.segment(key)+", "+percent(share)))
				at += 100 * share
			}
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

// table has a row for each count that some variant has.
func (h histogram) table(cell string, series []analysis.Series) *Table {
	t := &Table{Caption: h.caption + ", " + cell, Columns: columns(h.by)}
	most := 0
	for _, s := range series {
		t.Columns = append(t.Columns, Column{Title: s.Variant, Numeric: true})
		most = max(most, len(h.of(s.Signer)))
	}
	for i := range most {
		row := Row{Cells: []Cell{{Text: h.name(i), Key: h.key(i)}}}
		seen := false
		for _, s := range series {
			c := Cell{Text: "0", Tone: Muted}
			if counts := h.of(s.Signer); i < len(counts) && counts[i] > 0 {
				seen, c = true, Cell{Text: count(counts[i]), Note: percent(float64(counts[i]) / float64(sumOf(counts)))}
			}
			row.Cells = append(row.Cells, c)
		}
		if seen {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
