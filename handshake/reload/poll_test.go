package reload

import (
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// polls are driven alike: the next handshake that is more than an interval away.
func polls() []string { return []string{PollDescribed, PollShipped} }

var modifiedFirst = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func polling(t *testing.T, o Options, do func(t *testing.T, s shelf, strategy Strategy, book *Book)) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 1)
		s.date(modifiedFirst)
		strategy, book := s.open(o)
		replay(t, strategy, nil)
		do(t, s, strategy, book)
	})
}

// afterInterval is what a handshake is served with when the polls had their time.
func afterInterval(t *testing.T, s Strategy) int64 {
	t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	return servedBy(t, s)
}

func TestPollAdopts(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(shelf)
		later  time.Duration // than the file before
		want   int64
	}{
		{"in-place", func(s shelf) { s.write(2) }, time.Millisecond, 2},
		{"rename", func(s shelf) { s.rename(2) }, time.Millisecond, 2},
		{"symlink-swap", func(s shelf) { s.mount(2) }, time.Millisecond, 2},
		{"hard-link", func(s shelf) { s.link(2) }, time.Millisecond, 2},
		{"open-descriptor", func(s shelf) { s.hold(2) }, time.Millisecond, 2},
		{"directory-swap", func(s shelf) { s.moveDirectory(2) }, time.Millisecond, 2},
		{"equal time", func(s shelf) { s.rename(2) }, 0, 1},
		{"older time", func(s shelf) { s.rename(2) }, -time.Hour, 1},
	} {
		for _, name := range polls() {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				polling(t, Options{Settings: Settings{Strategy: name}}, func(t *testing.T, s shelf, strategy Strategy, book *Book) {
					test.change(s)
					s.date(modifiedFirst.Add(test.later))
					if got := afterInterval(t, strategy); got != test.want {
						t.Errorf("serves %d, want %d", got, test.want)
					}
					if got := len(book.Harvest()); got != int(test.want) {
						t.Errorf("%d publications, want %d", got, test.want)
					}
				})
			})
		}
	}
}

func TestPollInterval(t *testing.T) {
	o := Options{Settings: Settings{Strategy: PollDescribed, Interval: 10 * time.Second}}
	polling(t, o, func(t *testing.T, s shelf, strategy Strategy, _ *Book) {
		s.write(2)
		time.Sleep(10*time.Second - time.Nanosecond)
		if got := servedBy(t, strategy); got != 1 {
			t.Errorf("serves %d before the interval ends", got)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := servedBy(t, strategy); got != 2 {
			t.Errorf("serves %d after it", got)
		}
	})
}

// Of a pair that does not match, the described poll makes one attempt, the shipped one an attempt per handshake.
func TestPollMismatch(t *testing.T) {
	for name, attempts := range map[string]uint64{PollDescribed: 1, PollShipped: 10} {
		polling(t, Options{Settings: Settings{Strategy: name}}, func(t *testing.T, s shelf, strategy Strategy, book *Book) {
			rest := s.tear(2)
			time.Sleep(time.Second)
			synctest.Wait()
			for range 10 {
				if got := servedBy(t, strategy); got != 1 {
					t.Errorf("%s: serves %d", name, got)
				}
			}
			l := book.Ledger()
			if got := l.Reloads[Outcome{Refused, mismatch}]; got != attempts || l.Failing != mismatch {
				t.Errorf("%s: %d attempts, want %d; failing %q", name, got, attempts, l.Failing)
			}
			s.must(os.WriteFile(s.Files.Key, rest.Key, 0o600))
			s.date(modifiedFirst.AddDate(10, 0, 0))
			if got := afterInterval(t, strategy); got != 2 {
				t.Errorf("%s: serves %d when the key is there", name, got)
			}
		})
	}
}

func TestPollMissing(t *testing.T) {
	for _, name := range polls() {
		polling(t, Options{Settings: Settings{Strategy: name}}, func(t *testing.T, s shelf, strategy Strategy, _ *Book) {
			s.remove()
			if got := afterInterval(t, strategy); got != 1 {
				t.Errorf("%s: serves %d without files", name, got)
			}
			s.write(2)
			if got := afterInterval(t, strategy); got != 2 {
				t.Errorf("%s: serves %d when they are back", name, got)
			}
		})
	}
}

func TestPollAuthorities(t *testing.T) {
	for name, want := range map[string]int{PollDescribed: 2, PollShipped: 1} {
		polling(t, Options{Settings: Settings{Strategy: name}}, func(t *testing.T, s shelf, strategy Strategy, _ *Book) {
			next := s.pair(2)
			next.Authorities = append(next.Authorities, s.pair(3).Certificate...)
			s.writePair(next)
			if got := afterInterval(t, strategy); got != 2 {
				t.Errorf("%s: serves %d", name, got)
			}
			if id, err := strategy.Identity(); err != nil || id.Trusted != want {
				t.Errorf("%s: trusts %d, %v, want %d", name, id.Trusted, err, want)
			}
			s.write(3)
			s.must(os.Remove(s.Files.Authorities))
			adopted := int64(4 - want) // by the one that does not read them
			if got := afterInterval(t, strategy); got != adopted {
				t.Errorf("%s: serves %d without authorities, want %d", name, got, adopted)
			}
		})
	}
}

// A file system that takes 50 ms to answer is in the handshake of the one, and beside those of the other.
func TestPollSlowStat(t *testing.T) {
	const slow = 50 * time.Millisecond
	for _, test := range []struct {
		name             string
		idle, afterwards time.Duration
	}{
		{PollDescribed, 0, 0},
		{PollShipped, 2 * slow, 4 * slow}, // two files; once more under the lock
	} {
		o := Options{Settings: Settings{Strategy: test.name, SlowStat: slow}}
		polling(t, o, func(t *testing.T, s shelf, strategy Strategy, _ *Book) {
			handshake := func() time.Duration {
				began := time.Now()
				servedBy(t, strategy)
				return time.Since(began)
			}
			if got := handshake(); got != test.idle {
				t.Errorf("%s: a handshake waits for %v, want %v", test.name, got, test.idle)
			}
			s.write(2)
			time.Sleep(2 * time.Second)
			if got := handshake(); got != test.afterwards {
				t.Errorf("%s: the one that reloads for %v, want %v", test.name, got, test.afterwards)
			}
			if got := servedBy(t, strategy); got != 2 {
				t.Errorf("%s: serves %d", test.name, got)
			}
		})
	}
}
