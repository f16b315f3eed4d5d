package reload

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// pollDescribed is the reloader that articles about rqlite describe: a goroutine looks at the times of the files at an
// interval and raises a flag, and the next handshake reloads, while those beside it wait.
type pollDescribed struct {
	Options
	stale atomic.Bool
	seen  time.Time // of the files; of Run alone
	mu    sync.RWMutex
	id    *Identity
}

func openPollDescribed(o Options) (Strategy, error) {
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	p := &pollDescribed{Options: o, seen: o.modified()}
	if err := p.adopt(p.swap); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pollDescribed) Identity() (*Identity, error) {
	if p.stale.CompareAndSwap(true, false) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = p.adopt(p.swap) // it is in the book; the last good one stays
		return p.id, nil
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.id, nil
}

func (p *pollDescribed) swap(id *Identity) { p.id = id }

func (p *pollDescribed) Run(ctx context.Context) error {
	every := time.NewTicker(p.Interval)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			p.look()
		}
	}
}

func (p *pollDescribed) look() {
	if at := p.modified(); at.After(p.seen) {
		p.seen = at
		p.Book.Event("newer")
		p.stale.Store(true)
	}
}
