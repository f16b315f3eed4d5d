package scorecard

import (
	"context"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

const (
	warmRotations  = 20 // before anything is counted; what is made once is no leak
	warmHandshakes = 200
	slowRotation   = 50 * time.Millisecond // a reloader that takes longer gets fewer rotations
	slowSoak       = 30 * time.Second      // as many as fit into this
	deafRotations  = 3                     // in a row that are not adopted end a soak
	harvestEvery   = 1000                  // rotations between two looks into the server's book
	flatTime       = 2 * time.Second       // for what has just ended to be gone
)

// soak is many rotations in a row, in one process. Its client is one closed loop of handshakes: the next one begins when
// the one before has ended.
type soak struct {
	*process
	plane   plane
	told    bool // to reload, after every rotation
	zero    time.Time
	clock   handshake.Clock
	issued  []rotation.Material      // generation 2 first
	newest  uint64                   // that a handshake has shown
	at      map[uint64]time.Duration // last step of a generation
	after   []time.Duration
	book    []time.Duration // the same by the server's own book
	regress uint64
	failed  uint64
	count   uint64 // handshakes
}

// soak rotates by rename as often as asked, and looks for what does not stay flat.
func (r *runner) soak(ctx context.Context, t Target, told bool, memory **Memory) (*Soak, error) {
	room, p, err := r.open(ctx, t, rotation.Rename)
	if err != nil {
		return nil, err
	}
	defer room.leave()
	defer p.kill()
	planes := room.planes(t)
	open, err := hold(ctx, planes)
	if err != nil {
		return nil, err
	}
	defer release(open)
	s := &soak{process: p, plane: planes[0], told: told, zero: time.Now(), clock: handshake.NewClock(), newest: 1, at: map[uint64]time.Duration{}}
	rotations, err := s.warm(ctx, r.Rotations)
	if err != nil {
		return nil, err
	}
	out := &Soak{Before: s.resources(ctx)}
	if out.Rotations, err = s.rotate(ctx, rotations); err != nil {
		return nil, err
	}
	s.harvest(ctx)
	out.Adopted = len(s.after)
	out.After, out.Published = quantiles(s.after), quantiles(s.book)
	out.Handshakes, out.Failed, out.Regressed = s.count, s.failed, s.regress
	out.Finally, out.Leaks = s.settle(ctx, out.Before)
	out.Held, out.Dropped, out.Died = len(open), dropped(open), p.died()
	if memory != nil {
		*memory, err = s.remember()
	}
	return out, err
}

// warm makes the first rotations and says how many are to follow.
func (s *soak) warm(ctx context.Context, asked int) (int, error) {
	began := time.Now()
	made, err := s.rotate(ctx, min(warmRotations, asked))
	if err != nil {
		return 0, err
	}
	each := time.Since(began) / time.Duration(max(1, made))
	for range warmHandshakes {
		s.probe(ctx)
	}
	s.harvest(ctx)
	s.after, s.book, s.count, s.failed, s.regress = nil, nil, 0, 0, 0
	if each > slowRotation {
		asked = min(asked, max(1, int(slowSoak/each)))
	}
	return asked, ctx.Err()
}

// rotate makes rotations, each when the one before has been adopted or given up, and says how many.
func (s *soak) rotate(ctx context.Context, rotations int) (made int, err error) {
	deaf := 0
	for n := range rotations {
		if deaf == deafRotations || s.died() != "" {
			break
		}
		adopted, err := s.one(ctx)
		if err != nil {
			return made, err
		}
		made++
		if deaf++; adopted {
			deaf = 0
		}
		if n%harvestEvery == harvestEvery-1 {
			s.harvest(ctx)
		}
	}
	return made, ctx.Err()
}

func (s *soak) one(ctx context.Context) (adopted bool, err error) {
	m, err := s.room.authority.Issue(uint64(len(s.issued) + 2))
	if err != nil {
		return false, err
	}
	s.issued = append(s.issued, m)
	last, err := rotation.Take(s.room.place.Steps(m))
	if err != nil {
		return false, err
	}
	s.at[m.Generation] = last.Sub(s.zero)
	if s.told {
		s.tell(ctx)
	}
	for time.Since(last) < Patience && ctx.Err() == nil && s.died() == "" {
		if seen := s.probe(ctx); seen.served() && seen.Generation == m.Generation {
			s.after = append(s.after, seen.Ended-s.at[m.Generation])
			return true, nil
		}
	}
	return false, ctx.Err()
}

func (s *soak) probe(ctx context.Context) probe {
	seen := s.plane.probe(ctx, s.zero)
	s.count++
	switch {
	case !seen.served():
		s.failed++
	case seen.Generation < s.newest:
		s.regress++
	default:
		s.newest = seen.Generation
	}
	return seen
}

// harvest takes the server's publications out of its book.
func (s *soak) harvest(ctx context.Context) {
	for _, p := range s.published(ctx) {
		if at, known := s.at[p.Generation]; known {
			s.book = append(s.book, max(0, p.At-s.clock.When(s.zero.Add(at))))
		}
	}
}

// settle waits until all is as flat as before, for a while: the goroutine of a connection ends after its client.
func (s *soak) settle(ctx context.Context, before Resources) (now Resources, grown []string) {
	limit := time.Now().Add(flatTime)
	for {
		now = s.resources(ctx)
		grown = leaks(before, now)
		if len(grown) == 0 || ctx.Err() != nil || time.Now().After(limit) {
			return now, grown
		}
		wait(ctx, flatTime/20, s.ended)
	}
}
