package spiffe

import (
	"errors"
	"sync"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// Source gives an identity of one's own and the bundles to verify others with.
type Source interface {
	x509svid.Source
	x509bundle.Source
	Close() error
}

var (
	_ Source = &Live{}
	_ Source = &Memory{}
)

// Memory is a source that the program fills itself. It is safe for concurrent use; the zero value has nothing yet.
type Memory struct {
	mu      sync.RWMutex
	svid    *x509svid.SVID
	bundles *x509bundle.Set
}

// Set replaces the identity and all bundles at once.
func (m *Memory) Set(svid *x509svid.SVID, bundles ...*x509bundle.Bundle) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.svid, m.bundles = svid, x509bundle.NewSet(bundles...)
}

// GetX509SVID is the identity that was set last.
func (m *Memory) GetX509SVID() (*x509svid.SVID, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.svid == nil {
		return nil, errors.New("no identity yet")
	}
	return m.svid, nil
}

// GetX509BundleForTrustDomain is the domain's bundle, or an error where none was set.
func (m *Memory) GetX509BundleForTrustDomain(name spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.bundles == nil {
		return nil, errors.New("no bundle yet")
	}
	return m.bundles.GetX509BundleForTrustDomain(name)
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
