package reports_test

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

const ms = time.Millisecond

// reloading is an analysis of certificates that move: a baseline that follows nothing, a strategy with every kind of
// defect, one without any that was not put under load, and the reference.
func reloading() *analysis.Analysis {
	a := build([]handshake.Spec{{Kind: handshake.Full, Group: handshake.X25519, Signature: handshake.ECDSAP256}},
		[]string{"static", "notify-shipped", "command-committed", "reference"}, 7)
	a.Manifest.Scenario.Name = "reload-scorecard"
	a.Blocks = nil
	cell := a.Manifest.Cells[0].Name
	a.Manifest.Cells[0].Load = loadgen.Load{Loop: loadgen.Open, Workers: 64, Process: loadgen.Poisson, Phases: []loadgen.Phase{{Length: 20 * time.Second, Rate: 400}}}
	for i, name := range []string{reload.Static, reload.NotifyShipped, reload.CommandCommitted, reload.Reference} {
		a.Manifest.Variants[i].Reload = &reload.Settings{Strategy: name}
	}
	a.Reloads = []analysis.Reloading{
		{Cell: cell, Variant: "static", Strategy: reload.Static, Blocks: 7, Length: 140 * time.Second, Began: 56_000, LockWait: 8.3e-7},
		shippedUnderLoad(cell), referenceUnderLoad(cell),
	}
	a.Scorecard = analysis.ScorecardOf(&results.Scorecard{Cards: []scorecard.Card{shippedCard(), committedCard(), referenceCard()}})
	tally(a)
	return a
}

func delaysOf(n int, from, step time.Duration) (d analysis.Delays) {
	for i := range n {
		d = append(d, from+time.Duration(i)*step)
	}
	return d
}

func shippedUnderLoad(cell string) analysis.Reloading {
	return analysis.Reloading{
		Cell: cell, Variant: "notify-shipped", Strategy: reload.NotifyShipped, Blocks: 7, Failing: 3, Length: 140 * time.Second, Rotations: 70,
		Fates: map[analysis.Fate]int{analysis.Adopted: 40, analysis.Superseded: 21, analysis.Never: 2, analysis.Open: 7},
		After: delaysOf(40, 1500*ms, 20*ms), Published: delaysOf(40, 1499*ms, 20*ms), Took: delaysOf(40, 50*time.Microsecond, time.Microsecond),
		Stale: 121 * time.Second, Mixed: 30 * ms, Longest: 12 * ms, Regressed: 1, Began: 56_000, Failed: 41, LockWait: 3.1e-6,
		Kept: 1, Wrong: 2, Stuck: map[string]uint64{"the watch has ended": 2},
		Reloads:  map[string]uint64{"ok": 40, "unchanged": 3, "failed: " + hostile: 2},
		Timeline: timelineOf(false, 2100*ms),
	}
}

func referenceUnderLoad(cell string) analysis.Reloading {
	return analysis.Reloading{
		Cell: cell, Variant: "reference", Strategy: reload.Reference, Blocks: 7, Length: 140 * time.Second, Rotations: 1400,
		Fates: map[analysis.Fate]int{analysis.Adopted: 1393, analysis.Open: 7},
		After: delaysOf(1393, 20*ms, 4*time.Microsecond), Published: delaysOf(1393, 19*ms, 4*time.Microsecond), Took: delaysOf(1393, 80*time.Microsecond, 10),
		Stale: 31 * time.Second, Mixed: 900 * ms, Longest: 2 * ms, Began: 56_000, LockWait: 8.4e-7,
		Reloads: map[string]uint64{"ok": 1393}, Timeline: timelineOf(true, 22*ms),
	}
}

// timelineOf is a block of 20 s with a rotation every 2 s, each adopted after some time.
func timelineOf(valid bool, delay time.Duration) *analysis.Timeline {
	t := &analysis.Timeline{Block: 5, Valid: valid, Length: 20 * time.Second}
	for i := range time.Duration(10) {
		at := i*2*time.Second + time.Second
		t.Rotations = append(t.Rotations, results.Rotation{Generation: uint64(i) + 2, By: rotation.Rename, Began: at - 2*ms, At: at})
		t.Published = append(t.Published, server.Published{Generation: uint64(i) + 2, At: at + delay, Took: 80 * time.Microsecond})
	}
	served := func(at time.Duration) uint64 { return uint64(max(0, (at-delay+time.Second)/(2*time.Second))) + 1 }
	for i := range time.Duration(400) {
		at := i * 50 * ms
		if i%97 == 50 {
			continue // in which no handshake ended
		}
		s := loadgen.Slot{At: at, Length: 50 * ms, Confirmed: 20, Median: ms + i%7*10*time.Microsecond, Worst: 3*ms + i%11*ms, Oldest: served(at), Newest: served(at + 50*ms)}
		if i%80 == 22 && !valid {
			s.Failed, s.Confirmed, s.Median, s.Worst, s.Oldest, s.Newest = 9, 0, 0, 0, 0, 0
		}
		t.Slots = append(t.Slots, s)
	}
	return t
}

// tried is a trial of one move.
func tried(injection string, want rotation.Expectation, adopted bool, after time.Duration, defects ...string) scorecard.Trial {
	return scorecard.Trial{Injection: injection, Handshakes: 900, Held: 4, Stale: after, Defects: defects, Moves: []scorecard.Moved{
		{Name: injection, Generation: 2, Want: want, At: 30 * ms, Adopted: adopted, After: after, Patience: 30 * time.Second, Published: -1},
	}}
}

func shippedCard() scorecard.Card {
	died := tried("missing-30s", rotation.Adopt, false, 0, "never adopted", "the server died: panic: "+hostile)
	died.Died = "panic: " + hostile
	failing := tried("cert-before-key", rotation.Adopt, true, 2104*ms, "adopted after 2.1 s", "3 handshakes failed: tls: internal error")
	failing.Failed, failing.Regressed, failing.Dropped, failing.Mixed = map[string]uint64{"tls: internal error": 3}, 1, 1, 12*ms
	skipped := scorecard.Trial{Injection: "wrong-owner", Skipped: "takes root"}
	return scorecard.Card{
		Target: "notify-shipped",
		Trials: []scorecard.Trial{
			tried("rename", rotation.Adopt, true, 2102*ms, "adopted after 2.1 s"), tried("hard-link", rotation.Adopt, false, 0, "never adopted"), failing,
			tried("expired", rotation.Keep, true, 900*ms, "adopted what it should refuse"), tried("torn-key", rotation.Keep, false, 0), died, skipped,
		},
		Soak: &scorecard.Soak{
			Rotations: 57, Adopted: 56, After: []time.Duration{2100 * ms, 2110 * ms, 2200 * ms, 2200 * ms, 2200 * ms}, Handshakes: 60_000, Failed: 4, Held: 8, Dropped: 1,
			Before: scorecard.Resources{Descriptors: 12, Watches: 2, Resident: 14 << 20, Goroutines: -1, HeapObjects: -1, HeapLive: -1}, Died: "exit status 2",
			Finally: scorecard.Resources{Descriptors: 69, Watches: 59, Resident: 15 << 20, Goroutines: -1, HeapObjects: -1, HeapLive: -1}, Leaks: []string{"descriptors: 12 → 69"},
		},
		Crash: crashesOf("regressed"),
		Kills: &scorecard.Kills{Kills: 200, Regressed: 31, Mute: 2, Handshakes: 9000, Failed: 1200, Down: []time.Duration{7 * ms, 9 * ms, 20 * ms, 30 * ms, 31 * ms}},
	}
}

func crashesOf(defect string) []scorecard.Crash {
	var all []scorecard.Crash
	for _, point := range []string{"read", "published"} {
		for _, files := range []string{"good", "torn"} {
			for _, how := range []string{"kill", "exit"} {
				c := scorecard.Crash{Point: point, How: how, Files: files, Before: 3, Allowed: []uint64{3}, After: 3, Down: 7 * ms, Failed: 4, Restarts: 1}
				if files == "torn" && how == "kill" && defect != "" {
					c.After, c.Defects = 1, []string{defect}
				}
				if point == "read" && c.After == 1 {
					c.After, c.Why = 0, "does not start"
				}
				all = append(all, c)
			}
		}
	}
	return all
}

func committedCard() scorecard.Card {
	return scorecard.Card{
		Target:  "command-committed",
		Trials:  []scorecard.Trial{tried("rename", rotation.Adopt, true, 3*ms), tried("hard-link", rotation.Adopt, true, 0), tried("torn-key", rotation.Keep, false, 0)},
		Command: &scorecard.Soak{Rotations: 1000, Adopted: 1000, After: []time.Duration{ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms}, Published: []time.Duration{ms, ms, ms, 2 * ms, 4 * ms}, Handshakes: 9000},
		Crash:   crashesOf(""),
	}
}

func referenceCard() scorecard.Card {
	same := scorecard.Resources{Descriptors: 14, Watches: 3, Resident: 15 << 20, Goroutines: 9, HeapObjects: 10_100, HeapLive: 3 << 20}
	return scorecard.Card{
		Target: "reference",
		Trials: []scorecard.Trial{
			tried("rename", rotation.Adopt, true, 22*ms), tried("hard-link", rotation.Adopt, true, 21*ms), tried("cert-before-key", rotation.Adopt, true, 20*ms),
			tried("expired", rotation.Keep, false, 0), tried("torn-key", rotation.Keep, false, 0), tried("missing-30s", rotation.Adopt, true, 23*ms),
		},
		Soak: &scorecard.Soak{
			Rotations: 10_000, Adopted: 10_000, After: []time.Duration{21 * ms, 23 * ms, 25 * ms, 27 * ms, 29 * ms},
			Published: []time.Duration{20 * ms, 22 * ms, 24 * ms, 26 * ms, 28 * ms}, Handshakes: 250_000, Held: 8, Before: same, Finally: same,
		},
		Crash:  crashesOf(""),
		Kills:  &scorecard.Kills{Kills: 200, Handshakes: 9000, Failed: 1100, Down: []time.Duration{7 * ms, 9 * ms, 20 * ms, 30 * ms, 31 * ms}},
		Memory: &scorecard.Memory{Rotations: 10_000, Retired: 9999, Found: 12, Copies: map[string]int{"scalar": 9, "DER": 3, "PEM": 0}, Scanned: 48 << 20},
	}
}
