package loadgen

import (
	"context"
	"fmt"
	"time"
)

// RunOpenInTurns is [Run] for an open loop whose due times all lie in slices of its own, every second one since the
// begin. Another loop that begins at the same time has the other slices; nothing passes between the two. The phases,
// and [Result.Wall], count the loop's own slices only; what is under way when a slice ends goes on into the next.
func RunOpenInTurns(ctx context.Context, dialer Dialer, load Load, seed uint64, turns Turns) (Result, error) {
	if err := turns.check(load); err != nil {
		return Result{}, fmt.Errorf("turns: %w", err)
	}
	return run(ctx, dialer, load, seed, &turns)
}

// At is when an instant of a loop's own time is, since the common beginning; nil: they are the same.
func (t *Turns) At(own time.Duration) time.Duration {
	if t == nil {
		return own
	}
	others := own / t.Slice
	if !t.First {
		others++
	}
	return own + others*t.Slice
}

// own is how much of the time since the common beginning the loop had to itself.
func (t *Turns) own(at time.Duration) time.Duration {
	if t == nil {
		return at
	}
	rounds, rest := at/(2*t.Slice), at%(2*t.Slice)
	if !t.First {
		rest -= t.Slice
	}
	return rounds*t.Slice + min(max(rest, 0), t.Slice)
}

// schedule puts the due times of an open loop into its own slices.
func (t *Turns) schedule(s Schedule) Schedule {
	if t == nil {
		return s
	}
	return func(yield func(time.Duration) bool) {
		s(func(own time.Duration) bool { return yield(t.At(own)) })
	}
}
