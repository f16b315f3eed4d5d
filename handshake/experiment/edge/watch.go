package edge

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// watch is when each protocol first showed a generation.
type watch struct {
	mu         sync.Mutex
	first      map[string]map[uint64]time.Time // by protocol and generation
	handshakes uint64
	failed     uint64
	notes      []string
	news       chan struct{} // something was shown

	rotations, missed uint64
	after             map[string][]time.Duration // by protocol
	gaps              []time.Duration
}

func newWatch() *watch {
	w := &watch{first: map[string]map[uint64]time.Time{}, news: make(chan struct{}, 1), after: map[string][]time.Duration{}}
	for _, p := range protocols {
		w.first[p] = map[uint64]time.Time{}
	}
	return w
}

// follow makes one handshake after the other by a protocol until ctx ends.
func (w *watch) follow(ctx context.Context, m *memory, protocol, address string) {
	for ctx.Err() == nil {
		generation, err := m.generationBy(ctx, protocol, address)
		now := time.Now()
		if ctx.Err() != nil {
			return
		}
		w.saw(protocol, generation, now, err)
	}
}

func (w *watch) saw(protocol string, generation uint64, at time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handshakes++
	if err != nil {
		w.failed++
		if note := protocol + ": " + err.Error(); len(w.notes) < 8 && !slices.Contains(w.notes, note) {
			w.notes = append(w.notes, note)
		}
		return
	}
	if _, known := w.first[protocol][generation]; !known {
		w.first[protocol][generation] = at
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
}

// shown waits until every protocol has shown a generation, whose last step was taken at an instant, and counts it. One
// that is not shown in time is a miss.
func (w *watch) shown(ctx context.Context, generation uint64, last time.Time, counts bool) error {
	late := time.NewTimer(parityPatience)
	defer late.Stop()
	for {
		if seen := w.seen(generation); len(seen) == len(protocols) {
			if counts {
				w.count(seen, last)
			}
			return nil
		}
		select {
		case <-w.news:
		case <-late.C:
			w.rotations++
			w.missed++
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// seen is when a generation was first shown, by protocol.
func (w *watch) seen(generation uint64) map[string]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[string]time.Time{}
	for p, first := range w.first {
		if at, shown := first[generation]; shown {
			seen[p] = at
		}
	}
	return seen
}

func (w *watch) count(seen map[string]time.Time, last time.Time) {
	w.rotations++
	var earliest, latest time.Time
	for p, at := range seen {
		w.after[p] = append(w.after[p], max(0, at.Sub(last)))
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
		if at.After(latest) {
			latest = at
		}
	}
	w.gaps = append(w.gaps, latest.Sub(earliest))
}

// tell puts what was seen into an arm, once nobody follows any more or cares.
func (w *watch) tell(arm *experiment.Arm) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range protocols {
		arm.Measures = append(arm.Measures, experiment.Quantiles(p, w.after[p])...)
	}
	arm.Measures = append(arm.Measures, experiment.Quantiles("gap", w.gaps)...)
	arm.Measures = append(arm.Measures,
		experiment.Count("rotations", "rotations", w.rotations-w.missed, w.rotations),
		experiment.Count("failed_handshakes", "handshakes", w.failed, w.handshakes))
	arm.Notes = slices.Clone(w.notes)
	if w.missed > 0 {
		arm.Notes = append(arm.Notes, fmt.Sprintf("%d rotations were not shown by every protocol within %v", w.missed, parityPatience))
	}
}
