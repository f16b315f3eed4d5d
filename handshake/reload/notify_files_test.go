package reload

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"
)

// Real files and watches: how long it takes is in the log, that it happens is what is asserted.
func TestNotifyFiles(t *testing.T) {
	for name, change := range map[string]func(shelf, int64){
		"in-place": shelf.write, "rename": shelf.rename, "symlink-swap": shelf.mount,
	} {
		for _, strategy := range []string{NotifyDescribed, NotifyShipped} {
			t.Run(strategy+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := newShelf(t, 1)
				if name == "symlink-swap" {
					s.mount(1)
				}
				published := make(chan time.Time, 64)
				followed, _ := s.open(Options{Settings: Settings{Strategy: strategy}, At: func(p Point) {
					if p == Published {
						published <- time.Now()
					}
				}})
				<-published
				run(t, followed)
				for _, generation := range []int64{2, 3} { // a watch that is lost is missed the second time
					change(s, generation)
					last := time.Now()
					for servedBy(t, followed) != generation {
						select {
						case at := <-published:
							t.Logf("published %v after the last write", at.Sub(last).Round(time.Millisecond))
						case <-time.After(30 * time.Second):
							t.Fatal("not adopted")
						}
					}
				}
			})
		}
	}
}

// run is Run, as far as watching, until the end of the test.
func run(t *testing.T, s Strategy) {
	watching, ended := make(chan error, 64), make(chan error, 1)
	go func() {
		ended <- feeding(t.Context(), func(ctx context.Context, f feed) error {
			watch := f.watch
			f.watch = func(path string) error {
				err := watch(path)
				watching <- err
				return err
			}
			return s.(looped).loop(ctx, f)
		})
	}()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		if err := <-watching; err != nil {
			t.Fatal(err)
		}
	}
}

func TestNotifyLeavesNothing(t *testing.T) {
	s := newShelf(t, 1)
	for _, name := range []string{NotifyDescribed, NotifyShipped} {
		strategy, _ := s.open(Options{Settings: Settings{Strategy: name}})
		goroutines, before := runtime.NumGoroutine(), descriptors(t)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if err := strategy.Run(ctx); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
		left := func() int { return runtime.NumGoroutine() - goroutines }
		for deadline := time.Now().Add(10 * time.Second); left() > 0 && time.Now().Before(deadline); {
			runtime.Gosched() // the last one may still be on its way out
		}
		if got := left(); got > 0 {
			t.Errorf("%s: %d goroutines are left", name, got)
		}
		if got := descriptors(t) - before; got != 0 {
			t.Errorf("%s: %d descriptors are left", name, got)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}
