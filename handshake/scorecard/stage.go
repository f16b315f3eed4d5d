package scorecard

import (
	"context"
	"errors"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

const (
	// Patience is how long a generation is waited for.
	Patience = 6 * time.Second
	// holdTime is how long a server is watched where a move does not say.
	holdTime = 600 * time.Millisecond
	// settleTime is how long it is watched once it has adopted a generation: it might go back.
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
}

// play makes the moves while handshakes go on. The error is a step's, or that of ctx.
func (s *stage) play(ctx context.Context, moves []rotation.Move) error {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.record.pace(ctx, s.zero, s.room.planes(s.target), s.moved, stop)
	}()
	defer func() {
		close(stop)
		<-done
	}()
	wait(ctx, settleTime, s.ended) // what it serves undisturbed
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
	k := taken{move: m, began: time.Since(s.zero), patience: m.Hold}
	last, err := rotation.Take(m.Steps)
	if err != nil {
		return err
	}
	k.at = last.Sub(s.zero)
	select {
	case s.moved <- last:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.target.told() {
		k.refused = s.tell(ctx)
	}
	s.watch(ctx, &k)
	k.until = time.Since(s.zero)
	s.taken = append(s.taken, k)
	s.book = append(s.book, s.published(ctx)...)
	return nil
}

func (s *stage) watch(ctx context.Context, k *taken) {
	if k.move.Want != rotation.Adopt {
		if k.patience == 0 {
			k.patience = holdTime
		}
		wait(ctx, k.patience, s.ended)
		return
	}
	k.patience = Patience
	if s.record.await(ctx, k.move.Generation, k.patience, s.ended) {
		wait(ctx, max(k.move.Hold, settleTime), s.ended)
	}
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

// trial makes one injection on a fresh process.
func (r *runner) trial(ctx context.Context, t Target, injection rotation.Injection) (Trial, error) {
	out := Trial{Injection: injection.Name}
	room, p, err := r.open(ctx, t, injection.Place)
	if err != nil {
		return out, err
	}
	defer room.leave()
	defer p.kill()
	open, err := hold(ctx, room.planes(t))
	if err != nil {
		return out, err
	}
	defer release(open)
	moves, err := injection.Moves(room.place, room.authority)
	if err != nil {
		return out, err
	}
	s := &stage{process: p, zero: time.Now(), clock: handshake.NewClock(), moved: make(chan time.Time)}
	p.published(ctx) // generation 1 is nobody's adoption
	var step *rotation.StepError
	switch err := s.play(ctx, moves); {
	case errors.As(err, &step):
		out.Skipped = step.Error()
	case err != nil:
		return out, err
	}
	out.Held, out.Dropped, out.Died = len(open), dropped(open), p.died()
	out.judge(s)
	return out, nil
}
