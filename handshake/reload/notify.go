package reload

import (
	"context"
	"crypto/sha256"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// notified is what the two notify strategies have in common: they differ in what they make of events. They watch the
// certificate and the key, and read the authorities when one of these has changed.
type notified struct {
	Options
	mu     sync.RWMutex
	id     *Identity
	hashes [2][sha256.Size]byte // of the files that id is from; of the one goroutine that reloads
}

func openNotified(o Options) (*notified, error) {
	if o.Debounce == 0 {
		o.Debounce = 500 * time.Millisecond
	}
	n := &notified{Options: o}
	var err error
	if n.hashes, err = n.hash(); err != nil {
		return nil, err
	}
	return n, n.adopt(n.swap)
}

func (n *notified) Identity() (*Identity, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.id, nil
}

func (n *notified) swap(id *Identity) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.id = id
}

// reload keeps what is served where the files are the same or no good; nothing tries again before the next event.
func (n *notified) reload() {
	hashes, err := n.hash()
	if err != nil {
		n.Book.Settle(outcomeOf(err))
		return
	}
	if hashes == n.hashes {
		n.Book.Settle(Outcome{Result: Unchanged})
		return
	}
	if n.adopt(n.swap) == nil {
		n.hashes = hashes
	}
}

func (n *notified) hash() (hashes [2][sha256.Size]byte, err error) {
	for i, path := range n.watched() {
		text, err := os.ReadFile(path)
		if err != nil {
			return hashes, err
		}
		hashes[i] = sha256.Sum256(text)
	}
	return hashes, nil
}

func (n *notified) watched() [2]string { return [2]string{n.Files.Certificate, n.Files.Key} }

// feed is an fsnotify.Watcher in parts: its descriptor cannot live in a bubble of testing/synctest, these can.
type feed struct {
	events  <-chan fsnotify.Event
	errors  <-chan error
	watch   func(path string) error
	unwatch func(path string) error
}

// feeding runs a loop on the events of a watcher, of which nothing is left when it returns.
func feeding(ctx context.Context, loop func(context.Context, feed) error) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer func() {
		w.Close()
		for range w.Events { // closed by the last act of the watcher's goroutine
		}
	}()
	return loop(ctx, feed{w.Events, w.Errors, w.Add, w.Remove})
}

// kind is what the book calls an event.
func kind(e fsnotify.Event) string { return strings.ToLower(e.Op.String()) }
