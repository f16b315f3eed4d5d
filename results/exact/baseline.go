package exact

import (
	"cmp"
	"math"
	"slices"
)

// Baseline is what the baseline variant cost in each cell of a scenario when somebody committed it: by cell, one entry
// for each key, so that toolchains and machines live beside each other. Entries name no variant.
//
// # Why only the baseline variant
//
// A baseline guards the sources, and all variants of a scenario share them. What else makes a variant, a build or an
// environment, is another key, and is judged within each run. One variant makes files that a reviewer reads, in half
// the time.
//
// # Why small packages are a rest
//
// A handshake runs through a hundred packages, most of them for a few instructions. Those below a thousandth of a side
// are summed up, one rest for each class, so the metrics are the same with and without them.
type Baseline map[string][]Counts

// Find is the entry of a cell with a key.
func (b Baseline) Find(cell string, key Key) (Counts, bool) {
	at := b.index(cell, key)
	if at < 0 {
		return Counts{}, false
	}
	return b[cell][at], true
}

func (b Baseline) index(cell string, key Key) int {
	return slices.IndexFunc(b[cell], func(c Counts) bool { return len(key.Differences(c.Key)) == 0 })
}

// Put enters counts, rounded, in the place of those with the same cell and key, and says whether anything has changed.
// The old entry stays where [Compare] calls every metric the same and no package has moved: slow changes add up in
// sight, and files do not change for nothing.
func (b Baseline) Put(c Counts, margins []Margin) (changed bool) {
	c.Variant, c.Server, c.Client, c.Syscalls = "", c.Server.rounded(), c.Client.rounded(), rounded(c.Syscalls, 0.1)
	at := b.index(c.Cell, c.Key)
	switch {
	case at < 0:
		b[c.Cell] = append(b[c.Cell], c)
	case same(b[c.Cell][at], c, margins):
		return false
	default:
		b[c.Cell][at] = c
	}
	slices.SortFunc(b[c.Cell], func(x, y Counts) int { return cmp.Compare(x.Key.line(), y.Key.line()) })
	return true
}

func same(old, now Counts, margins []Margin) bool {
	moved := len(old.Key.packages(old.Server, now.Server)) + len(old.Key.packages(old.Client, now.Client))
	return moved == 0 && !slices.ContainsFunc(Compare(old, now, margins), func(c Comparison) bool { return c.Verdict != Same })
}

func (s Side) rounded() Side {
	return Side{
		Instructions: rounded(fold(s.Instructions, small, nil), 1),
		Allocs:       round(s.Allocs, 0.1), AllocBytes: round(s.AllocBytes, 1), Sent: round(s.Sent, 1),
	}
}

// rounded is counts in multiples of unit, without those that are nothing then.
func rounded(counts map[string]float64, unit float64) map[string]float64 {
	out := map[string]float64{}
	for name, n := range counts {
		if n = round(n, unit); n > 0 {
			out[name] = n
		}
	}
	return out
}

// round is n in multiples of a unit of 1 or a decimal fraction, as it is written in decimals.
func round(n, unit float64) float64 {
	per := math.Round(1 / unit)
	return math.Round(n*per) / per
}
