package reports

import (
	"fmt"
	"time"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// mergedSlots joins neighbouring slots until no more than so many are left. Of medians, which cannot be averaged, the
// highest is kept.
func mergedSlots(slots []loadgen.Slot, most int) []loadgen.Slot {
	first, last := slots[0], slots[len(slots)-1]
	step := 1 + (int((last.At+last.Length-first.At)/first.Length)-1)/most
	length := time.Duration(step) * first.Length
	var all []loadgen.Slot
	for _, s := range slots {
		s.At, s.Length = s.At/length*length, length
		if n := len(all); n > 0 && all[n-1].At == s.At {
			all[n-1] = mergedSlot(all[n-1], s)
			continue
		}
		all = append(all, s)
	}
	return all
}

func mergedSlot(x, y loadgen.Slot) loadgen.Slot {
	x.Confirmed, x.Failed = x.Confirmed+y.Confirmed, x.Failed+y.Failed
	x.Median, x.Worst, x.Newest = max(x.Median, y.Median), max(x.Worst, y.Worst), max(x.Newest, y.Newest)
	if x.Oldest == 0 || y.Oldest != 0 && y.Oldest < x.Oldest {
		x.Oldest = y.Oldest
	}
	return x
}

// filed is the newest generation in the files at an instant: that of the last rotation, or else the one before the
// first; zero: none is known.
func filed(t *analysis.Timeline, at time.Duration) (newest uint64) {
	for _, s := range t.Slots {
		if newest = s.Oldest; newest > 0 {
			break
		}
	}
	for _, r := range t.Rotations {
		if r.At <= at {
			newest = r.Generation
		}
	}
	return newest
}

func reloadTable(r analysis.Reloading, t *analysis.Timeline, slots []loadgen.Slot) Table {
	table := Table{Caption: fmt.Sprintf("Block %d of %s as time went by, %s", t.Block, r.Variant, r.Cell)}
	table.Columns = numeric(columns("since the begin", "in the files", "rotations", "shown", "confirmed", "failed", "median response", "longest"), 1)
	for _, s := range slots {
		table.Rows = append(table.Rows, Row{Cells: []Cell{
			{Text: fmt.Sprintf("%.3f s", s.At.Seconds())}, {Text: shown(filed(t, s.At+s.Length-1))}, {Text: count(rotationsIn(t.Rotations, s))}, {Text: shownIn(s)},
			{Text: count(s.Confirmed)}, fault(s.Failed), {Text: response(s.Median)}, {Text: response(s.Worst)},
		}})
	}
	return table
}

func rotationsIn(all []results.Rotation, s loadgen.Slot) (n uint64) {
	for _, r := range all {
		if r.At >= s.At && r.At < s.At+s.Length {
			n++
		}
	}
	return n
}

func shown(generation uint64) string {
	if generation == 0 {
		return "none"
	}
	return count(generation)
}

// shownIn is the generations of a slot: "3" or "2 to 3".
func shownIn(s loadgen.Slot) string {
	if s.Oldest == s.Newest {
		return shown(s.Newest)
	}
	return count(s.Oldest) + " to " + count(s.Newest)
}

func response(d time.Duration) string {
	if d <= 0 {
		return noValue
	}
	return seconds(d.Seconds())
}
