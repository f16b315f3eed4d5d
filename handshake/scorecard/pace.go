package scorecard

import (
	"context"
	"sync"
	"time"
)

// gap is the time between the begins of two handshakes: short after a move, when something is to be seen, and long enough
// for a few trials side by side on two cores. The loop is open, so a server that stalls is asked all the same.
func gap(sinceMove time.Duration) time.Duration {
	switch {
	case sinceMove < 50*time.Millisecond:
		return 2 * time.Millisecond
	case sinceMove < 500*time.Millisecond:
		return 5 * time.Millisecond
	}
	return 20 * time.Millisecond
}

// nodeEvery: one handshake in so many is on the node link, where there is one.
const nodeEvery = 4

// pace makes handshakes on the planes until stop is closed, and returns when all have ended: the most by which one began
// later than it was due. Each value of moved is a move whose last step has been taken.
func (r *record) pace(ctx context.Context, zero time.Time, planes []plane, moved <-chan time.Time, stop <-chan struct{}) (late time.Duration) {
	var probes sync.WaitGroup
	defer probes.Wait()
	last, due := zero, time.Now()
	next := time.NewTimer(0)
	defer next.Stop()
	for n := 1; ; {
		select {
		case <-ctx.Done():
			return late
		case <-stop:
			return late
		case last = <-moved:
			due = time.Now()
			next.Reset(0)
		case <-next.C:
			late = max(late, time.Since(due))
			on := planes[0]
			if n%nodeEvery == 0 {
				on = planes[len(planes)-1]
			}
			probes.Go(func() { r.add(on.probe(ctx, zero)) })
			due = time.Now().Add(gap(time.Since(last)))
			next.Reset(time.Until(due))
			n++
		}
	}
}
