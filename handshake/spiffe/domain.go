package spiffe

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/tlslab/tlslab/handshake"
)

// Domain is a trust domain with authorities of its own. It is safe for concurrent use, and a source of its own bundle
// in the three shapes that go-spiffe knows.
type Domain struct {
	name spiffeid.TrustDomain
	sig  handshake.Signature

	mu       sync.Mutex
	trusted  []*authority // oldest first
	signing  *authority   // one of the trusted
	sequence uint64       // of the bundle
	hint     time.Duration
	news     chan struct{} // closed when the bundle changes
}

// NewDomain is a trust domain such as "lab.example" with one authority. The keys of authorities and identities are of
// the signature scheme.
func NewDomain(name string, sig handshake.Signature, now time.Time) (*Domain, error) {
	td, err := spiffeid.TrustDomainFromString(name)
	if err != nil {
		return nil, err
	}
	first, err := newAuthority(td, sig, now)
	if err != nil {
		return nil, fmt.Errorf("trust domain %s: %w", td, err)
	}
	return &Domain{name: td, sig: sig, trusted: []*authority{first}, signing: first, sequence: 1, news: make(chan struct{})}, nil
}

// Name is the trust domain's.
func (d *Domain) Name() spiffeid.TrustDomain { return d.name }

// ID is the SPIFFE ID of a workload, with a path such as "/server" (X.509-SVID, section 3.1; JWT-SVID, section 3.1).
func (d *Domain) ID(path string) (spiffeid.ID, error) {
	if path == "" {
		return spiffeid.ID{}, errors.New("an identity needs a path")
	}
	return spiffeid.FromPath(d.name, path)
}

// Bundle is a copy of what is trusted now: X.509 and JWT authorities, a sequence number that grows with every change,
// and the refresh hint if there is one.
func (d *Domain) Bundle() *spiffebundle.Bundle {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := bundleOf(d.name, d.trusted...)
	b.SetSequenceNumber(d.sequence)
	if d.hint > 0 {
		b.SetRefreshHint(d.hint)
	}
	return b
}

func bundleOf(name spiffeid.TrustDomain, authorities ...*authority) *spiffebundle.Bundle {
	b := spiffebundle.New(name)
	for _, a := range authorities {
		b.AddX509Authority(a.certificate)
		_ = b.AddJWTAuthority(a.tokenKeyID, a.tokenKey.Public()) // fails without a key ID only
	}
	return b
}

// Hint has the bundle say how soon it should be fetched again; in documents it is whole seconds. Zero: it does not say.
func (d *Domain) Hint(refresh time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hint = refresh
	d.changed()
}

// changed tells those who watch; the lock is held.
func (d *Domain) changed() {
	d.sequence++
	close(d.news)
	d.news = make(chan struct{})
}

// Changed is closed when the bundle is no longer the present one.
func (d *Domain) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.news
}

// Prepare makes a new authority, which is trusted from now on but signs nothing yet. There may be one at a time.
//
// An overlap is Prepare, time for the bundle to spread, Activate, time for identities to be renewed, Retire.
func (d *Domain) Prepare(now time.Time) error {
	next, err := newAuthority(d.name, d.sig, now)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trusted[len(d.trusted)-1] != d.signing {
		return errors.New("an authority is prepared already")
	}
	d.trusted = append(d.trusted, next)
	d.changed()
	return nil
}

// Activate has the prepared authority sign. Identities of older ones stay good.
func (d *Domain) Activate() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.signing = d.trusted[len(d.trusted)-1]
}

// Retire ends the trust in authorities older than the one that signs: their identities are good no more.
func (d *Domain) Retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.trusted, d.signing); i > 0 {
		d.trusted = slices.Clone(d.trusted[i:])
		d.changed()
	}
}

func (d *Domain) signer() *authority {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.signing
}

// GetBundleForTrustDomain makes the domain a [spiffebundle.Source].
func (d *Domain) GetBundleForTrustDomain(name spiffeid.TrustDomain) (*spiffebundle.Bundle, error) {
	return d.Bundle().GetBundleForTrustDomain(name)
}

// GetX509BundleForTrustDomain makes the domain an [x509bundle.Source].
func (d *Domain) GetX509BundleForTrustDomain(name spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	return d.Bundle().GetX509BundleForTrustDomain(name)
}

// GetJWTBundleForTrustDomain makes the domain a [jwtbundle.Source].
func (d *Domain) GetJWTBundleForTrustDomain(name spiffeid.TrustDomain) (*jwtbundle.Bundle, error) {
	return d.Bundle().GetJWTBundleForTrustDomain(name)
}
