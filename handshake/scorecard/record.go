package scorecard

import (
	"context"
	"slices"
	"sync"
	"time"
)

// record is what a trial's handshakes showed, in the order in which they ended.
type record struct {
	mu     sync.Mutex
	probes []probe
	fresh  chan struct{} // closed when there is another probe; nil: nobody waits
}

func (r *record) add(p probe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.probes = append(r.probes, p)
	if r.fresh != nil {
		close(r.fresh)
		r.fresh = nil
	}
}

// from is what there is from the nth probe on, and what is closed when there is more.
func (r *record) from(n int) ([]probe, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh == nil {
		r.fresh = make(chan struct{})
	}
	return r.probes[n:len(r.probes):len(r.probes)], r.fresh
}

// all copies the record.
func (r *record) all() []probe {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.probes)
}

// await waits for a handshake, begun before or later, that shows the generation. It gives up after the patience, at the
// end of ctx, or when gone is closed.
func (r *record) await(ctx context.Context, generation uint64, patience time.Duration, gone <-chan struct{}) bool {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for n := 0; ; {
		news, more := r.from(n)
		if slices.ContainsFunc(news, func(p probe) bool { return p.served() && p.Generation == generation }) {
			return true
		}
		n += len(news)
		select {
		case <-more:
		case <-limit.C:
			return false
		case <-ctx.Done():
			return false
		case <-gone:
			return false
		}
	}
}
