package results

import (
	"cmp"
	"fmt"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
)

// mostSlots is how many stretches of a block a timeline has at most.
const mostSlots = 400

// checkRotations: one rotation after the other, each of a newer generation.
func checkRotations(all []Rotation) error {
	var before Rotation
	for i, r := range all {
		switch {
		case r.At < r.Began:
			return fmt.Errorf("rotation %d ended before it began", i)
		case i > 0 && (r.Generation <= before.Generation || r.At < before.At):
			return fmt.Errorf("rotation %d is of generation %d, after %d: must be in order", i, r.Generation, before.Generation)
		}
		before = r
	}
	return nil
}

func checkGenerations(all []loadgen.Generation) error {
	for i, g := range all {
		switch {
		case g.Seen == 0 || g.Last < g.First:
			return fmt.Errorf("generation %d was seen %d times, from %v to %v", g.Number, g.Seen, g.First, g.Last)
		case i > 0 && g.Number <= all[i-1].Number:
			return fmt.Errorf("generation %d after %d: must be in order", g.Number, all[i-1].Number)
		}
	}
	return nil
}

func checkTimeline(slots []loadgen.Slot) error {
	if len(slots) > mostSlots {
		return fmt.Errorf("timeline of %d slots, more than %d", len(slots), mostSlots)
	}
	for i, s := range slots {
		switch {
		case s.Length <= 0 || s.Length != slots[0].Length:
			return fmt.Errorf("slot %d of the timeline has the length %v", i, s.Length)
		case i > 0 && s.At < slots[i-1].At+s.Length:
			return fmt.Errorf("slot %d of the timeline begins within the one before it", i)
		case s.Median > s.Worst || s.Oldest > s.Newest:
			return fmt.Errorf("slot %d of the timeline: response %v of %v, generations %d to %d", i, s.Median, s.Worst, s.Oldest, s.Newest)
		}
	}
	return nil
}

// checkPublished: in order of time, and no reload takes less than nothing.
func checkPublished(r *server.Reload) error {
	if r == nil {
		return nil
	}
	for i, p := range r.Published {
		if p.Took < 0 || i > 0 && p.At < r.Published[i-1].At {
			return fmt.Errorf("publication %d, of generation %d, is not in order", i, p.Generation)
		}
	}
	return nil
}

// checkReloading holds against itself what a block says of certificates that moved.
func checkReloading(b *Block) error {
	return cmp.Or(
		checkRotations(b.Rotations), checkGenerations(b.Client.Generations), checkTimeline(b.Client.Timeline), checkPublished(b.Server.Reload),
	)
}
