package exact

import (
	"cmp"
	"maps"
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
// Where nothing differs by more than noise the old entry stays: its slow changes add up in sight, and files do not
// change for nothing.
func (b Baseline) Put(c Counts) (changed bool) {
	c.Variant, c.Server, c.Client, c.Syscalls = "", c.Server.rounded(), c.Client.rounded(), rounded(c.Syscalls, 0.1)
	at := b.index(c.Cell, c.Key)
	switch {
	case at < 0:
		b[c.Cell] = append(b[c.Cell], c)
	case equal(b[c.Cell][at], c):
		return false
	default:
		b[c.Cell][at] = c
	}
	slices.SortFunc(b[c.Cell], func(x, y Counts) int { return cmp.Compare(x.Key.line(), y.Key.line()) })
	return true
}

func (s Side) rounded() Side {
	return Side{
		Instructions: rounded(fold(s.Instructions, func(string) bool { return false }), 1),
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

// equal: nothing that both entries hold differs by more than noise, and neither holds what the other lacks.
func equal(x, y Counts) bool {
	return len(Packages(x.Server, y.Server)) == 0 && len(Packages(x.Client, y.Client)) == 0 &&
		maps.EqualFunc(x.whole(), y.whole(), near)
}

// whole is all that is counted but not by package.
func (c Counts) whole() map[string]float64 {
	all := map[string]float64{
		"server allocs": c.Server.Allocs, "server alloc bytes": c.Server.AllocBytes, "server sent": c.Server.Sent,
		"client allocs": c.Client.Allocs, "client alloc bytes": c.Client.AllocBytes, "client sent": c.Client.Sent,
	}
	for name, n := range c.Syscalls {
		all["syscalls "+name] = n
	}
	return all
}

func near(x, y float64) bool { return math.Abs(x-y) <= noise*max(x, y) }
