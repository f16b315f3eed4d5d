package reloads

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
)

// timed are injections that say how long a rotation takes to be served, others whether the first move is.
var (
	timed = map[string]string{"rename": "rename_after", "in-place": "in_place_after"}
	asked = map[string]string{
		"hard-link": "hard_link_adopted", "older-mtime": "older_mtime_adopted", "expired": "expired_adopted",
	}
)

// injections are the names of all of them in the scorecard's catalogue.
func injections() []string {
	return append(slices.Sorted(maps.Keys(timed)), slices.Sorted(maps.Keys(asked))...)
}

// measures reads a card. A time is missing where a rotation was never served: a note says so.
func measures(card scorecard.Card) (all []experiment.Measure, notes []string) {
	var failed, handshakes uint64
	for _, t := range card.Trials {
		if t.Skipped != "" {
			notes = append(notes, t.Injection+": "+t.Skipped)
			continue
		}
		handshakes += t.Handshakes
		for reason, n := range t.Failed {
			failed += n
			notes = append(notes, fmt.Sprintf("%s: %d handshakes failed: %s", t.Injection, n, reason))
		}
		if t.Died != "" {
			notes = append(notes, t.Injection+": the server died: "+t.Died)
		}
		notes = append(notes, missed(t)...)
		all = append(all, measure(t)...)
	}
	slices.Sort(notes)
	return append(all, experiment.Count("failed_handshakes", "handshakes", failed, handshakes)), notes
}

// measure is what a trial is for.
func measure(t scorecard.Trial) []experiment.Measure {
	if len(t.Moves) == 0 {
		return nil
	}
	if name := asked[t.Injection]; name != "" {
		adopted := uint64(0)
		if t.Moves[0].Adopted {
			adopted = 1
		}
		return []experiment.Measure{experiment.Count(name, "adopted", adopted, 1)}
	}
	slowest, all := slowest(t)
	if !all {
		return nil
	}
	return []experiment.Measure{{Name: timed[t.Injection], Unit: "s", Value: slowest.Seconds(), Of: uint64(len(t.Moves))}}
}

// slowest is the longest that a rotation took, and whether all were served.
func slowest(t scorecard.Trial) (longest time.Duration, all bool) {
	for _, m := range t.Moves {
		if !m.Adopted {
			return 0, false
		}
		longest = max(longest, m.After)
	}
	return longest, true
}

// missed are the moves whose generation was to be served and never was.
func missed(t scorecard.Trial) (notes []string) {
	for _, m := range t.Moves {
		if m.Want == rotation.Adopt && !m.Adopted {
			notes = append(notes, fmt.Sprintf("%s: %s: not served within %v", t.Injection, m.Name, m.Patience))
		}
	}
	return notes
}
