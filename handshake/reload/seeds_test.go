package reload

import (
	"crypto/tls"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// seeds are the strategies that re-implement what others have published.
func seeds() []string {
	return []string{Static, NotifyDescribed, NotifyShipped, PollDescribed, PollShipped, CommandBoot, CommandUnchecked}
}

func TestSeedOpens(t *testing.T) {
	for _, name := range seeds() {
		t.Run(name, func(t *testing.T) {
			var steps []Point
			strategy, book := newShelf(t, 7).open(Options{
				Settings: Settings{Strategy: name},
				At:       func(p Point) { steps = append(steps, p) },
				Dress: func(c *tls.Certificate) {
					c.OCSPStaple = []byte("dress")
					steps = append(steps, "dressed")
				},
			})
			if want := []Point{Read, "dressed", Validated, Published, Journaled}; !slices.Equal(steps, want) {
				t.Errorf("steps %v, want %v", steps, want)
			}
			id, err := strategy.Identity()
			if err != nil || id.Generation != 7 || id.Trusted != 1 || string(id.Certificate.OCSPStaple) != "dress" {
				t.Errorf("serves %+v, %v", id, err)
			}
			l := book.Ledger()
			if l.Generation != 7 || !l.NotAfter.Equal(id.Certificate.Leaf.NotAfter) || l.Reloads[Outcome{Result: OK}] != 1 || l.Failing != "" {
				t.Errorf("ledger %+v", l)
			}
		})
	}
}

func TestSeedDoesNotOpen(t *testing.T) {
	for _, name := range seeds() {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, 1)
			o := Options{Settings: Settings{Strategy: name, Files: s.Files}, Book: &Book{}}
			s.tear(2)
			if got, err := Open(o); err == nil || got != nil {
				t.Errorf("a pair that does not match: %v, %v", got, err)
			}
			s.remove()
			if got, err := Open(o); err == nil || got != nil {
				t.Errorf("no files: %v, %v", got, err)
			}
		})
	}
}

// A certificate that has expired, and one that is not valid yet, are as good as any.
func TestSeedBelieves(t *testing.T) {
	for _, name := range seeds() {
		s := newShelf(t, 1)
		for generation, window := range [][2]time.Duration{{-2 * time.Hour, -time.Hour}, {time.Hour, 2 * time.Hour}} {
			s.writePair(s.valid(int64(generation), window[0], window[1]))
			if strategy, _ := s.open(Options{Settings: Settings{Strategy: name}}); servedBy(t, strategy) != int64(generation) {
				t.Errorf("%s: does not serve what is valid from %v to %v", name, window[0], window[1])
			}
		}
	}
}

// What is swapped between Open and Run, of which there is no event and no newer time.
func TestSeedMissesTheGap(t *testing.T) {
	for _, name := range []string{Static, NotifyDescribed, NotifyShipped, PollShipped} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, 1)
			opening := true
			strategy, _ := s.open(Options{Settings: Settings{Strategy: name}, At: func(p Point) {
				if p == Journaled && opening {
					opening = false
					s.write(2)
				}
			}})
			synctest.Test(t, func(t *testing.T) {
				replay(t, strategy, nil)
				time.Sleep(time.Minute)
				if got := servedBy(t, strategy); got != 1 {
					t.Errorf("serves %d", got)
				}
			})
		})
	}
}

func TestStatic(t *testing.T) {
	s := newShelf(t, 1)
	strategy, book := s.open(Options{Settings: Settings{Strategy: Static}})
	s.write(2)
	if got := servedBy(t, strategy); got != 1 {
		t.Errorf("serves %d", got)
	}
	if got := len(book.Harvest()); got != 1 {
		t.Errorf("%d publications", got)
	}
}
