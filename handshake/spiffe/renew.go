package spiffe

import (
	"context"
	"time"
)

// retry is how long after a renewal that failed the next attempt comes.
const retry = 100 * time.Millisecond

// Rotate renews all identities now. The generation that it returns is the serial number of each of them.
func (a *Agent) Rotate() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.renew(time.Now(), 0, len(a.identities))
	return a.generation
}

// renew makes a generation of the identities from one entry to before another; the lock is held. An identity that
// could not be made leaves the one before it in place.
func (a *Agent) renew(now time.Time, from, to int) {
	generation := a.generation + 1
	for i := from; i < to; i++ {
		e := a.options.Entries[i]
		svid, err := a.options.Domain.SVID(e.Path, generation, now, roundUp(now.Add(e.TTL)))
		if err != nil {
			a.identities[i].due = now.Add(retry)
			continue
		}
		a.generation = generation
		a.identities[i] = identity{svid, now.Add(a.half(e.TTL)), a.ledger.begin(e.Path, generation, a.version, a.options.Pushes)}
	}
	if a.generation == generation {
		a.changed()
	}
}

// roundUp is the first full second not before t.
func roundUp(t time.Time) time.Time {
	if cut := t.Truncate(time.Second); cut.Before(t) {
		return cut.Add(time.Second)
	}
	return t
}

// half is half the time to live, moved by the jitter; the lock is held.
func (a *Agent) half(ttl time.Duration) time.Duration {
	half := float64(ttl) / 2
	if a.options.Jitter > 0 {
		half *= 1 + a.options.Jitter*(2*a.draw.Float64()-1)
	}
	return max(time.Duration(half), time.Millisecond)
}

// due renews each identity whose time has come, as a generation of its own, and tells when the next one's comes. An
// agent without entries has nothing to renew, and looks again in an hour.
func (a *Agent) due(now time.Time) (next time.Time, news <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next = now.Add(time.Hour)
	for i := range a.identities {
		if !now.Before(a.identities[i].due) {
			a.renew(now, i, i+1)
		}
		if a.identities[i].due.Before(next) {
			next = a.identities[i].due
		}
	}
	return next, a.news
}

// renewals keeps the identities young until the context ends, and pushes what changes in the domain's bundle, of which
// it is told by a channel that is older than the first answer.
func (a *Agent) renewals(ctx context.Context, bundle <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next, news := a.due(time.Now())
		timer.Reset(time.Until(next))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-news:
		case <-bundle:
			bundle = a.options.Domain.Changed()
			a.change(func() {})
		}
	}
}
