package scorecard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// mostLate is how late a handshake may begin. Where one was later, what looks slow may be this machine.
const mostLate = 100 * time.Millisecond

// trial makes one injection on a fresh process.
func (r *runner) trial(ctx context.Context, t Target, injection rotation.Injection) (Trial, error) {
	out := Trial{Injection: injection.Name}
	if injection.Trust && !t.trusts() {
		out.Skipped = "the server does not read {ca}"
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
	t.Late, t.Held, t.Dropped, t.Died = s.late, len(open), dropped(open), s.died()
	return err
}

// trusts: the target reads the file of authorities.
func (t Target) trusts() bool {
	texts := slices.Concat(t.Command, t.Env, []string{t.Config})
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "{ca}") })
}
