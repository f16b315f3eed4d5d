package reload

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// looped is a strategy that takes the events of a watcher.
type looped interface {
	loop(context.Context, feed) error
}

// replay runs a strategy to the end of the test's bubble, on events as a watcher would tell them.
func replay(t *testing.T, s Strategy, events <-chan fsnotify.Event) (end <-chan error) {
	f := feed{
		events:  events,
		watch:   func(path string) error { _, err := os.Stat(path); return err },
		unwatch: func(string) error { return fsnotify.ErrNonExistentWatch },
	}
	ended := make(chan error, 1)
	go func() {
		defer close(ended)
		if l, ok := s.(looped); ok {
			ended <- l.loop(t.Context(), f)
		} else {
			ended <- s.Run(t.Context())
		}
	}()
	t.Cleanup(func() { <-ended })
	synctest.Wait() // it is watching
	return ended
}

// bubble opens a notify strategy and replays to it what tell is told, in a bubble.
func bubble(t *testing.T, o Settings, do func(t *testing.T, b replayed)) {
	synctest.Test(t, func(t *testing.T) {
		b := replayed{shelf: newShelf(t, 1), queue: make(chan fsnotify.Event, 1<<10)}
		b.strategy, b.book = b.open(Options{Settings: o})
		b.book.Harvest()
		b.end = replay(t, b.strategy, b.queue)
		do(t, b)
	})
}

type replayed struct {
	shelf
	strategy Strategy
	book     *Book
	queue    chan fsnotify.Event // inotify's
	end      <-chan error
}

func (b replayed) tell(op fsnotify.Op, paths ...string) {
	for _, path := range paths {
		b.queue <- fsnotify.Event{Name: path, Op: op}
	}
}

// after is when the only publication within a minute came; zero: there was none.
func (b replayed) after(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	time.Sleep(time.Minute)
	all := b.book.Harvest()
	if len(all) == 0 {
		return 0
	}
	if len(all) > 1 {
		t.Errorf("publications %+v", all)
	}
	return all[0].At.Sub(began)
}

func TestNotifyAdopts(t *testing.T) {
	ms := func(d int) time.Duration { return time.Duration(d) * time.Millisecond }
	for _, test := range []struct {
		name               string
		change             func(b replayed)
		described, shipped time.Duration // zero: never
	}{
		{"write", func(b replayed) {
			b.write(2)
			b.tell(fsnotify.Write, b.Files.Certificate, b.Files.Key)
		}, ms(500), ms(900)},
		{"truncation and write", func(b replayed) {
			b.write(2)
			b.tell(fsnotify.Write, b.Files.Certificate, b.Files.Certificate, b.Files.Key, b.Files.Key)
		}, ms(500), ms(1300)},
		{"rename over", func(b replayed) {
			b.rename(2)
			b.tell(fsnotify.Remove, b.Files.Certificate, b.Files.Key)
		}, ms(500), ms(2100)},
		{"away for 1.99 s", func(b replayed) {
			b.remove()
			b.tell(fsnotify.Remove, b.Files.Certificate, b.Files.Key)
			time.Sleep(ms(1990))
			b.write(2)
		}, 0, ms(1110)},
		{"key 3 s later", func(b replayed) {
			rest := b.tear(2)
			b.tell(fsnotify.Write, b.Files.Certificate)
			time.Sleep(3 * time.Second)
			b.must(os.WriteFile(b.Files.Key, rest.Key, 0o600))
			b.tell(fsnotify.Write, b.Files.Key)
		}, ms(500), ms(700)},
		{"attributes", func(b replayed) {
			b.rename(2)
			b.tell(fsnotify.Chmod, b.Files.Certificate, b.Files.Key)
		}, ms(500), 0},
		{"no event", func(b replayed) { b.write(2) }, 0, 0},
	} {
		for name, want := range map[string]time.Duration{NotifyDescribed: test.described, NotifyShipped: test.shipped} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				bubble(t, Settings{Strategy: name}, func(t *testing.T, b replayed) {
					test.change(b)
					if got := b.after(t); got != want {
						t.Errorf("adopted after %v, want %v", got, want)
					}
				})
			})
		}
	}
}

func TestNotifyDebounce(t *testing.T) {
	bubble(t, Settings{Strategy: NotifyDescribed, Debounce: 20 * time.Millisecond}, func(t *testing.T, b replayed) {
		b.write(2)
		b.tell(fsnotify.Write, b.Files.Key)
		if got, want := b.after(t), 20*time.Millisecond; got != want {
			t.Errorf("adopted after %v, want %v", got, want)
		}
	})
}

// Files that never come to rest are never read.
func TestNotifyDescribedStarves(t *testing.T) {
	bubble(t, Settings{Strategy: NotifyDescribed}, func(t *testing.T, b replayed) {
		for generation := range int64(80) {
			b.write(generation + 2)
			b.tell(fsnotify.Write, b.Files.Certificate, b.Files.Key)
			time.Sleep(100 * time.Millisecond)
		}
		if got := servedBy(t, b.strategy); got != 1 {
			t.Errorf("serves %d within the storm", got)
		}
		time.Sleep(time.Second)
		if got := servedBy(t, b.strategy); got != 81 {
			t.Errorf("serves %d after it", got)
		}
	})
}

func TestNotifyKeepsTheLastGood(t *testing.T) {
	for _, name := range []string{NotifyDescribed, NotifyShipped} {
		bubble(t, Settings{Strategy: name}, func(t *testing.T, b replayed) {
			write := func(generation int64) {
				b.write(generation)
				b.tell(fsnotify.Write, b.Files.Key)
				time.Sleep(time.Minute)
			}
			b.tear(2)
			b.tell(fsnotify.Write, b.Files.Certificate)
			time.Sleep(time.Minute)
			if got, failing := servedBy(t, b.strategy), b.book.Ledger().Failing; got != 1 || failing != mismatch {
				t.Errorf("%s: serves %d, failing %q", name, got, failing)
			}
			write(3)
			if got, failing := servedBy(t, b.strategy), b.book.Ledger().Failing; got != 3 || failing != "" {
				t.Errorf("%s: serves %d, failing %q", name, got, failing)
			}
			b.tell(fsnotify.Write, b.Files.Key)
			time.Sleep(time.Minute)
			for o, want := range map[Outcome]uint64{{Refused, mismatch}: 1, {Result: OK}: 2, {Result: Unchanged}: 1} {
				if got := b.book.Ledger().Reloads[o]; got != want {
					t.Errorf("%s: %d reloads of %+v, want %d", name, got, o, want)
				}
			}
		})
	}
}

func TestNotifyShippedDies(t *testing.T) {
	bubble(t, Settings{Strategy: NotifyShipped}, func(t *testing.T, b replayed) {
		began := time.Now()
		b.must(os.Remove(b.Files.Key))
		b.tell(fsnotify.Remove, b.Files.Key)
		if err := <-b.end; err == nil || !strings.Contains(err.Error(), "the watcher died") {
			t.Errorf("ended with %v", err)
		}
		if got, want := time.Since(began), 28*time.Second; got != want {
			t.Errorf("died after %v, want %v", got, want)
		}
		b.write(2)
		b.tell(fsnotify.Create, b.Files.Key)
		if got := b.after(t); got != 0 || servedBy(t, b.strategy) != 1 {
			t.Errorf("adopted after %v", got)
		}
		if got, want := b.book.Ledger().Failing, watchLost; got != want {
			t.Errorf("failing %q, want %q", got, want)
		}
	})
}

// A file that grows is not watched before it has its size.
func TestNotifyShippedWaitsForTheSize(t *testing.T) {
	bubble(t, Settings{Strategy: NotifyShipped}, func(t *testing.T, b replayed) {
		b.rename(2)
		b.tell(fsnotify.Remove, b.Files.Key)
		time.Sleep(1300 * time.Millisecond) // between its second look and its third
		key, err := os.ReadFile(b.Files.Key)
		b.must(err)
		b.must(os.WriteFile(b.Files.Key, append(key, '\n'), 0o600))
		if got, want := b.after(t), 1900*time.Millisecond; got != want { // 1.6 + 0.5 + 0.6 + 0.5 since the removal
			t.Errorf("adopted after %v, want %v", got, want)
		}
	})
}

func TestNotifyEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 1)
		strategy, _ := s.open(Options{Settings: Settings{Strategy: NotifyShipped}})
		s.remove()
		events := make(chan fsnotify.Event, 2)
		events <- fsnotify.Event{Name: s.Files.Key, Op: fsnotify.Remove}
		events <- fsnotify.Event{Name: s.Files.Certificate, Op: fsnotify.Remove}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second+time.Millisecond)
		defer cancel()
		began := time.Now()
		err := strategy.(looped).loop(ctx, feed{
			events: events, watch: func(string) error { return nil }, unwatch: func(string) error { return nil },
		})
		if got, want := time.Since(began), 3*time.Second+time.Millisecond; err != nil || got != want {
			t.Errorf("ended after %v with %v, want %v", got, err, want)
		}
	})
}
