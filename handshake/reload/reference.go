package reload

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const lookEvery = 100 * time.Millisecond

// reference is what a reloader should do: events are hints, what the files are is looked at; they are read when they
// have come to rest, together, and believed only if they serve; what is believed is committed, and then published by
// one store of a pointer. What is not is tried again without an event, and what was served before goes on being
// served however long that takes.
//
// Going back is refused: a certificate with a lower serial number whose validity does not begin later is older than
// the one that is served, and an operator who wants it back says so by starting the server with another state.
//
// As [CommandCommitted] it is the same without following the files: it reads them when it is told to.
type reference struct {
	Options
	state     state
	follows   bool
	published atomic.Pointer[Identity]

	mu      sync.Mutex
	pace    pace
	served  *version
	held    digest    // what was in the files when they were last read
	since   time.Time // when that was first so
	failing Outcome   // of the newest reload, which is counted once as long as it stays the same
}

var _ Commanded = &reference{}

func openReference(o Options) (Strategy, error) { return newReference(o, true) }

func openCommitted(o Options) (Strategy, error) { return newReference(o, false) }

// newReference reads the files for the first time. The watches are armed by Run, which then looks whether the files
// are still what was read here: nothing is missed in between, and nothing is held by who opens and never runs.
func newReference(o Options, follows bool) (*reference, error) {
	if o.Interval <= 0 {
		o.Interval = lookEvery
	}
	if o.Debounce <= 0 {
		o.Debounce = quietTime
	}
	if o.At == nil {
		o.At = func(Point) {}
	}
	state, err := openState(o.State)
	if err != nil {
		return nil, err
	}
	r := &reference{Options: o, state: state, follows: follows, pace: pace{quiet: o.Debounce}}
	if err := r.start(); err != nil {
		return nil, err
	}
	return r, nil
}

// start serves what was committed, and then the files if they may follow it.
func (r *reference) start() error {
	began := time.Now()
	committed, lost := r.committed(began)
	if lost == nil {
		lost = committed.check(began)
	}
	if lost == nil {
		r.publish(committed, began)
	}
	r.served = committed
	refused := r.reload()
	r.pace.seen = r.pace.read
	if r.published.Load() == nil {
		return fmt.Errorf("files: %w; state: %w", refused, lost)
	}
	return nil
}

// committed is what the state holds, valid still or no longer.
func (r *reference) committed(now time.Time) (*version, error) {
	p, err := r.state.load()
	if err != nil {
		return nil, err
	}
	defer clear(p.Key)
	return understand(p, now)
}

// Identity costs one load of a pointer.
func (r *reference) Identity() (*Identity, error) { return r.published.Load(), nil }

// Run follows the files. It has no error but that of ctx, which it does not return: nothing makes it give up.
func (r *reference) Run(ctx context.Context) error {
	if !r.follows {
		<-ctx.Done()
		return nil
	}
	w := &watch{files: r.Files, book: r.Book}
	defer w.close()
	look := time.NewTicker(r.Interval)
	defer look.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-w.events():
			w.hint(event)
		case err := <-w.errors():
			w.lost(err)
		case <-look.C:
		case <-due.C:
		}
		w.arm(time.Now())
		if next := r.step(); !next.IsZero() {
			due.Reset(time.Until(next))
		}
	}
}

// step looks at the files, reads them if they are due, and says when they are to be looked at again; zero: at the
// next hint or interval.
func (r *reference) step() time.Time {
	s := r.Files.look(r.SlowStat)
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pace.look(s, now)
	if due := r.pace.due(); due.IsZero() || now.Before(due) {
		return due
	}
	r.reload()
	return r.pace.due()
}

// Reload reads the files now. A command is counted each time, whatever came of it.
func (r *reference) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing, r.pace.read = Outcome{}, sight{}
	return r.reload()
}

// reload makes handshakes be served with what is in the files; r.mu is held, or nobody else has r yet.
func (r *reference) reload() error {
	began := time.Now()
	c, err := r.Files.readStable(r.SlowStat)
	defer clear(c.pair.Key)
	again := c.sight == r.pace.read
	r.pace.took(c.sight)
	if err != nil {
		return r.settle(err)
	}
	r.At(Read)
	if c.digest != r.held {
		r.held, r.since = c.digest, began
	}
	if err := c.open; err != nil {
		return r.settle(err)
	}
	if r.published.Load() != nil && c.digest == r.served.digest {
		if !again || r.failing != (Outcome{}) {
			r.Book.Settle(Outcome{Result: Unchanged})
		}
		return r.settle(nil)
	}
	return r.settle(r.adopt(c, began))
}

// settle keeps account of a reload that is over.
func (r *reference) settle(err error) error {
	if err == nil {
		r.failing = Outcome{}
		r.pace.served(time.Now())
		return nil
	}
	if o := outcome(err); o != r.failing {
		r.failing = o
		r.Book.Settle(o)
	}
	r.pace.failed(time.Now(), likely(err))
	return err
}

// adopt believes, commits and publishes what was read, or says why not.
func (r *reference) adopt(c content, began time.Time) error {
	v, err := understand(c.pair, began)
	if err != nil {
		return err
	}
	if err := v.check(began); err != nil {
		return err
	}
	since := r.since
	if changed := c.sight.changed(); changed.Before(since) {
		since = changed
	}
	if r.served != nil {
		if err := v.follows(r.served, since, began); err != nil {
			return err
		}
	}
	r.At(Validated)
	if err := r.state.commit(c.pair); err != nil {
		return failed("the state could not be written", err)
	}
	r.At(Committed)
	r.publish(v, began)
	return nil
}

// publish makes a version what handshakes are served with from now on.
func (r *reference) publish(v *version, began time.Time) {
	if r.Dress != nil {
		r.Dress(v.identity.Certificate)
	}
	r.served = v
	r.published.Store(v.identity)
	r.At(Published)
	r.Book.Publish(v.identity, began)
	r.At(Journaled)
}
