package reload

import (
	"context"
	"crypto/x509"
	"sync"
	"time"
)

// pollShipped is the reloader that rqlite ships: there is no poll, each handshake looks at the times of the files. A
// handshake that finds them newer reloads with the lock held; where that fails the times count as unseen, so that
// every handshake tries it again, one after the other, until the files are good. The authorities are read once.
type pollShipped struct {
	Options
	mu   sync.RWMutex
	id   *Identity
	seen time.Time // of the files that id is from

	authorities *x509.CertPool
	trusted     int
}

func openPollShipped(o Options) (Strategy, error) {
	p := &pollShipped{Options: o}
	if err := p.adopt(p.swap); err != nil {
		return nil, err
	}
	p.seen = p.modified() // after they were read: what was written in between is never noticed
	p.authorities, p.trusted = p.id.Authorities, p.id.Trusted
	p.Files.Authorities = ""
	return p, nil
}

func (p *pollShipped) Identity() (*Identity, error) {
	p.mu.RLock()
	id, current := p.id, !p.modified().After(p.seen)
	p.mu.RUnlock()
	if current {
		return id, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.modified(); at.After(p.seen) && p.adopt(p.swap) == nil {
		p.seen = at
	}
	return p.id, nil
}

func (p *pollShipped) swap(id *Identity) {
	if p.id != nil {
		id.Authorities, id.Trusted = p.authorities, p.trusted
	}
	p.id = id
}

func (p *pollShipped) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
