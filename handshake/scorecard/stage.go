package scorecard

import (
	"context"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

const (
	// Patience is how long a generation is waited for.
	Patience = 6 * time.Second
	// settleTime is how long a server is watched once it has adopted a generation: it might go back.
	settleTime = 200 * time.Millisecond
)

// taken is a move that was made.
type taken struct {
	move             rotation.Move
	began, at, until time.Duration // first step, last step, begin of the next move; since the beginning of the trial
	patience         time.Duration
	refused          string
}

// stage is a trial that goes on.
type stage struct {
	*process
	zero   time.Time
	clock  handshake.Clock
	record record
	moved  chan time.Time
	taken  []taken
	book   []published
	late   time.Duration // see Trial
}

// play makes the moves while handshakes go on. The error is a step's, or that of ctx.
func (s *stage) play(ctx context.Context, planes []plane, moves []rotation.Move) error {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.late = s.record.pace(ctx, s.zero, planes, s.moved, stop)
	}()
	defer func() {
		close(stop)
		<-done
	}()
	if len(s.taken) > 0 { // while it started
		s.watch(ctx, &s.taken[0])
	} else {
		wait(ctx, settleTime, s.ended) // what it serves undisturbed
	}
	for _, m := range moves {
		if s.died() != "" {
			break
		}
		if err := s.make(ctx, m); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// make makes one move and watches what comes of it.
func (s *stage) make(ctx context.Context, m rotation.Move) error {
	if err := s.take(m); err != nil {
		return err
	}
	k := &s.taken[len(s.taken)-1]
	if m.Want != rotation.Any { // in a storm every moment is like any other
		select {
		case s.moved <- s.zero.Add(k.at):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.watch(ctx, k)
	return nil
}

// take takes a move's steps.
func (s *stage) take(m rotation.Move) error {
	k := taken{move: m, began: time.Since(s.zero), patience: m.Hold}
	last, err := rotation.Take(m.Steps)
	if err != nil {
		return err
	}
	k.at = last.Sub(s.zero)
	s.taken = append(s.taken, k)
	return nil
}

// watch is for as long as the move says, or until its generation has been adopted.
func (s *stage) watch(ctx context.Context, k *taken) {
	if s.target.told() {
		k.refused = s.tell(ctx)
	}
	if k.move.Want != rotation.Adopt {
		wait(ctx, k.move.Hold, s.ended)
	} else {
		k.patience = Patience
		if s.record.await(ctx, k.move.Generation, k.patience, s.ended) {
			wait(ctx, max(k.move.Hold, settleTime), s.ended)
		}
		s.book = append(s.book, s.published(ctx)...)
	}
	k.until = time.Since(s.zero)
}

// wait waits, unless ctx ends or gone is closed before.
func wait(ctx context.Context, d time.Duration, gone <-chan struct{}) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	case <-gone:
	}
}
