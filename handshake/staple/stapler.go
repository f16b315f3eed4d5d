package staple

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"
)

// A fetch that fails is tried again after firstRetry, then after twice as long each time, up to lastRetry. One that
// takes longer than patience has failed.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = time.Minute
	patience   = 10 * time.Second
)

// Stapler keeps a staple for one certificate while it runs. It is safe for concurrent use; a handshake costs it one
// load of a pointer and a look at the clock.
//
// It staples whatever the issuer says for now, also that the certificate is revoked: a server that kept this to itself
// would be believed by every client that does not insist. It never staples a response that is stale, not signed, or
// about another certificate; without a better one it staples none.
type Stapler struct {
	leaf, issuer *x509.Certificate
	fetch        Fetch
	current      atomic.Pointer[ocsp.Response]
	refreshes    atomic.Uint64
	failures     atomic.Uint64
}

// NewStapler keeps a staple of a leaf, which issuer has signed. It has none until it runs.
func NewStapler(leaf, issuer *x509.Certificate, fetch Fetch) *Stapler {
	return &Stapler{leaf: leaf, issuer: issuer, fetch: fetch}
}

// Run fetches a staple at once, and another one when half of its validity is over, until ctx ends.
func (s *Stapler) Run(ctx context.Context) {
	due := time.NewTimer(0)
	defer due.Stop()
	retry := firstRetry
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		if wait := s.Refresh(ctx); wait > 0 {
			retry = firstRetry
			due.Reset(wait)
			continue
		}
		due.Reset(retry)
		retry = min(2*retry, lastRetry)
	}
}

// Refresh fetches a staple now. It returns how long from now half of its validity is over; not above zero: it is
// already, or there is no new staple.
func (s *Stapler) Refresh(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	staple, err := s.fetch(ctx)
	if err != nil {
		s.failures.Add(1)
		return 0
	}
	r, err := read(staple, s.leaf, s.issuer, time.Now())
	if err != nil || s.older(r) {
		s.failures.Add(1)
		return 0
	}
	s.current.Store(r)
	s.refreshes.Add(1)
	return time.Until(r.ThisUpdate.Add(r.NextUpdate.Sub(r.ThisUpdate) / 2))
}

// older is whether a response was made before the one that is stapled: somebody plays it again.
func (s *Stapler) older(r *ocsp.Response) bool {
	current := s.current.Load()
	return current != nil && r.ThisUpdate.Before(current.ThisUpdate)
}

// Staple is for a handshake that begins now, DER; nil: there is none that is fresh. It must not be changed.
func (s *Stapler) Staple() []byte {
	r := s.current.Load()
	if r == nil || fresh(r, time.Now()) != nil {
		return nil
	}
	return r.Raw
}

// Certificate is a copy of a certificate with the staple for a handshake that begins now. A certificate with another
// leaf than the stapler's has none.
func (s *Stapler) Certificate(c *tls.Certificate) *tls.Certificate {
	stapled := *c
	stapled.OCSPStaple = nil
	if len(c.Certificate) > 0 && string(c.Certificate[0]) == string(s.leaf.Raw) {
		stapled.OCSPStaple = s.Staple()
	}
	return &stapled
}

// Counts are how many staples were fetched and believed, and how many fetches brought none.
func (s *Stapler) Counts() (refreshes, failures uint64) { return s.refreshes.Load(), s.failures.Load() }
