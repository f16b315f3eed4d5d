package rotation

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

// Issuer makes generations. Issue is called by one goroutine at a time, with generations that grow.
//
// It is the seam for certificates that come from elsewhere: whatever answers Issue with files that verify can feed a
// storm. A client of ACME finalizes an order and returns the chain it downloads; one of cert-manager creates a
// CertificateRequest and waits for its status; one of Vault posts to pki/issue. As these draw their own serial
// numbers, such an issuer returns the one that it was given as the generation of its material, and whoever watches
// the handshakes has the serial number of the leaf from there.
type Issuer interface {
	Issue(generation uint64) (Material, error)
}

// Authority is an [Issuer] of this process: every generation is under one root, with a key of its own.
type Authority struct {
	Next  *Authority // another root, to widen trust by or to replace it with; it has no next itself
	now   time.Time
	names []string
	root  *pki.Authority
}

// NewAuthority is an authority, valid around now, whose leaves have keys for a signature scheme and are for the names
// and this host: localhost, 127.0.0.1 and ::1. It fails for a scheme that the lab does not use.
func NewAuthority(now time.Time, sig handshake.Signature, names ...string) (*Authority, error) {
	for _, own := range []string{"localhost", "127.0.0.1", "::1"} {
		if !slices.Contains(names, own) {
			names = append(slices.Clip(names), own)
		}
	}
	var made [2]*Authority
	for i := range made {
		root, err := pki.New(now, sig)
		if err != nil {
			return nil, err
		}
		made[i] = &Authority{now: now, names: names, root: root}
	}
	made[0].Next = made[1]
	return made[0], nil
}

// Roots are all roots that leaves may be under, that of Next too, PEM: what somebody trusts who outlives a trial.
func (a *Authority) Roots() []byte {
	if a.Next == nil {
		return a.root.Roots()
	}
	return slices.Concat(a.root.Roots(), a.Next.Roots())
}

// Issue is a generation whose one pair serves as a server and as a client of other nodes. Its authorities are the one
// root that it is under.
func (a *Authority) Issue(generation uint64) (Material, error) {
	return a.issue(generation, pki.Request{})
}

// Client is a generation of a client that is nothing else, and trusts all roots.
func (a *Authority) Client(generation uint64) (Material, error) {
	m, err := a.issue(generation, pki.Request{Names: []string{"client"}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	m.Authorities = a.Roots()
	return m, err
}

// Expired is a generation whose leaf ended a minute ago.
func (a *Authority) Expired(generation uint64) (Material, error) {
	return a.issue(generation, pki.Request{NotAfter: a.now.Add(-time.Minute)})
}

// Future is a generation whose leaf begins in a day.
func (a *Authority) Future(generation uint64) (Material, error) {
	return a.issue(generation, pki.Request{NotBefore: a.now.Add(24 * time.Hour)})
}

// Signing is a generation whose leaf has a key for another signature scheme than its authority.
func (a *Authority) Signing(generation uint64, sig handshake.Signature) (Material, error) {
	return a.issue(generation, pki.Request{Signature: sig})
}

// Renew is a generation with the key of another one.
func (a *Authority) Renew(generation uint64, of Material) (Material, error) {
	return a.issue(generation, pki.Request{Key: of.Key})
}

func (a *Authority) issue(generation uint64, r pki.Request) (Material, error) {
	r.Serial = generation
	if r.Names == nil {
		r.Names = a.names
	}
	if r.Usage == nil {
		r.Usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	pair, err := a.root.Leaf(r)
	if err != nil {
		return Material{}, err
	}
	return Material{generation, pair.Certificate, pair.Key, a.root.Roots()}, nil
}
