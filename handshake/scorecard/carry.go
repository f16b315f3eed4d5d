package scorecard

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// trial makes one injection on a fresh process.
func (r *runner) trial(ctx context.Context, t Target, injection rotation.Injection) (Trial, error) {
	out := Trial{Injection: injection.Name, Skipped: t.lacks(injection.Needs)}
	if out.Skipped != "" {
		return out, nil
	}
	room, err := furnish(r.Dir, injection.Place, &r.ports)
	if err != nil {
		return out, err
	}
	defer room.leave()
	moves, err := injection.Moves(room.place, room.authority)
	if err != nil {
		return out, err
	}
	s := &stage{clock: handshake.NewClock(), moved: make(chan time.Time)}
	var step *rotation.StepError
	switch err := out.carry(ctx, t, room, s, moves, injection.AtOnce); {
	case errors.As(err, &step):
		out.Skipped = step.Error()
	case err != nil:
		return out, err
	default:
		out.judge(s)
	}
	return out, nil
}

// carry starts the server, makes the moves and ends it.
func (t *Trial) carry(ctx context.Context, target Target, r *room, s *stage, moves []rotation.Move, atOnce bool) (err error) {
	s.zero = time.Now()
	if s.process, err = launch(target, r); err != nil {
		return err
	}
	defer s.kill()
	if atOnce {
		if err := s.take(moves[0]); err != nil {
			return err
		}
		moves = moves[1:]
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if atOnce {
		s.taken[0].at = time.Since(s.zero) // nothing was to be seen before
	}
	planes := r.planes(target)
	open, err := hold(ctx, planes)
	if err != nil {
		return err
	}
	defer release(open)
	err = s.play(ctx, planes, moves)
	t.Held, t.Dropped, t.Died = len(open), dropped(open), s.died()
	return err
}

// lacks is why an injection that needs something says nothing about this target; empty: it does.
func (t Target) lacks(need rotation.Need) string {
	texts := slices.Concat(t.Command, t.Env, []string{t.Config})
	follows := slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "{ca}") })
	switch {
	case need == rotation.Root && os.Geteuid() != 0:
		return "it takes root to give files to others"
	case need == rotation.Authorities && !follows:
		return "the server does not read {ca}"
	}
	return ""
}
