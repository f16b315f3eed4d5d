package rotation

import (
	"slices"
	"time"
)

// watched is for how long a move shows that a bad state is not adopted: longer than the slowest design takes to adopt
// a good one.
const watched = 2500 * time.Millisecond

// Catalogue is every injection, in the order in which reports show them. Names are stable.
//
// Each one ends with a generation that is to be adopted: whatever it was that a server bore, it must recover.
func Catalogue() []Injection {
	return slices.Concat(ways(), times(), orders(), crashes(), torn(), contents(), refused(), permissions(), absences(),
		renewals(), trust(), storms())
}

// injection is one whose moves are written down by play.
func injection(name, about string, place Method, play func(*script)) Injection {
	return Injection{Name: name, About: about, Place: place, Moves: func(p Place, a *Authority) ([]Move, error) {
		s := &script{Place: p, authority: a, generation: 1}
		play(s)
		return s.moves, s.err
	}}
}

// script writes down the moves of one injection.
type script struct {
	Place
	authority  *Authority
	generation uint64 // newest that was issued
	moves      []Move
	err        error // the first one
}

// issue is the next generation. After an error its parts are empty: then nobody takes the steps.
func (s *script) issue(by func(generation uint64) (Material, error)) Material {
	s.generation++
	m, err := by(s.generation)
	if err == nil {
		return m
	}
	if s.err == nil {
		s.err = err
	}
	return Material{s.generation, []byte{}, []byte{}, []byte{}}
}

func (s *script) next() Material { return s.issue(s.authority.Issue) }

func (s *script) move(name string, want Expectation, hold time.Duration, steps ...Step) {
	s.moves = append(s.moves, Move{Name: name, Generation: s.generation, Steps: steps, Want: want, Hold: hold})
}

func (s *script) adopt(name string, steps ...Step) { s.move(name, Adopt, 0, steps...) }

func (s *script) keep(name string, hold time.Duration, steps ...Step) {
	s.move(name, Keep, hold, steps...)
}

// nothing is a move that puts no generation in place. It uses up a number, so that nobody can be taken to serve it.
func (s *script) nothing(name string, hold time.Duration, steps ...Step) {
	s.generation++
	s.keep(name, hold, steps...)
}

// rotate is a rotation as it should be.
func (s *script) rotate(name string) { s.adopt(name, s.Steps(s.next())...) }

// afterwards is the rotation after a bad state.
func (s *script) afterwards() { s.rotate("a good rotation") }
