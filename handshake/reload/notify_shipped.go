package reload

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// notifyShipped is the reloader that BanyanDB ships. It lets files come to rest by sleeping, in the loop that takes
// the events, so that the events of the second file wait for the sleeps of the first one. It does not hear of a file
// that is replaced while something else keeps the old one alive (that is a CHMOD, which it ignores), of another
// directory in the place of the files' own, or of anything between Open and Run.
type notifyShipped struct{ *notified }

// What it sleeps.
const (
	afterWrite   = 200 * time.Millisecond
	afterRemoval = time.Second
	whileAbsent  = time.Second            // between looks for a file that is missing
	betweenLooks = 200 * time.Millisecond // at the size of a file
	betweenTries = 500 * time.Millisecond // to watch it again

	looksForAbsent = 5
	looksAtSize    = 3
	tries          = 5
)

func openNotifyShipped(o Options) (Strategy, error) {
	n, err := openNotified(o)
	if err != nil {
		return nil, err
	}
	return notifyShipped{n}, nil
}

// Run returns an error when the watcher has died, as it does of a file that is missing for 28 seconds. What was served
// is served for ever.
func (n notifyShipped) Run(ctx context.Context) error { return feeding(ctx, n.loop) }

func (n notifyShipped) loop(ctx context.Context, f feed) error {
	for _, path := range n.watched() {
		if err := f.watch(path); err != nil {
			return err
		}
	}
	changed := make(chan struct{})
	var debounce sync.WaitGroup
	debounce.Go(func() { n.debounce(changed) })
	defer debounce.Wait()
	defer close(changed)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.errors:
			n.Book.Event("error")
		case e := <-f.events:
			n.Book.Event(kind(e))
			if e.Op == fsnotify.Chmod {
				continue
			}
			if err := n.rest(ctx, f, e); err != nil {
				n.Book.Settle(Outcome{Failed, watchLost})
				return err
			}
			changed <- struct{}{}
		}
	}
}

// debounce reloads when changed has been silent for long enough, beside the loop that sleeps.
func (n notifyShipped) debounce(changed <-chan struct{}) {
	silent := time.NewTimer(n.Debounce)
	silent.Stop()
	for {
		select {
		case _, open := <-changed:
			if !open {
				return
			}
			silent.Reset(n.Debounce)
		case <-silent.C:
			n.reload()
		}
	}
}

// rest sleeps until the file of an event may be read. Its error, of a file that stays away, is that of a panic.
func (n notifyShipped) rest(ctx context.Context, f feed, e fsnotify.Event) error {
	if e.Has(fsnotify.Write) || e.Has(fsnotify.Rename) {
		pause(ctx, afterWrite)
		return nil
	}
	_ = f.unwatch(e.Name) // the deletion has done that already
	pause(ctx, afterRemoval)
	for try := range tries {
		if try > 0 {
			pause(ctx, betweenTries)
		}
		if n.stable(ctx, e.Name) && f.watch(e.Name) == nil || ctx.Err() != nil {
			return nil
		}
	}
	return fmt.Errorf("the watcher died: %s stayed away", e.Name)
}

// stable waits for a file to be there, and sees whether its size stays the same.
func (n notifyShipped) stable(ctx context.Context, path string) bool {
	if !n.appears(ctx, path) {
		return false
	}
	var sizes [looksAtSize]int64
	for i := range sizes {
		info, err := n.stat(path)
		if err != nil {
			return false
		}
		sizes[i] = info.Size()
		pause(ctx, betweenLooks)
	}
	return sizes[0] == sizes[1] && sizes[1] == sizes[2]
}

func (n notifyShipped) appears(ctx context.Context, path string) bool {
	for range looksForAbsent {
		if _, err := n.stat(path); err == nil {
			return true
		}
		pause(ctx, whileAbsent)
	}
	return false
}

// pause sleeps until ctx ends, if that is sooner.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
