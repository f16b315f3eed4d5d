package spiffe

import (
	"crypto/x509"
	"sync"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

// Policy is an authoriser that can be exchanged while connections come in. Its number tells one from the next, and ends
// an epoch: see [ServerConfig].
type Policy struct {
	mu        sync.RWMutex
	authorize tlsconfig.Authorizer
	number    uint64
}

// NewPolicy begins with an authoriser, at number zero.
func NewPolicy(authorize tlsconfig.Authorizer) *Policy { return &Policy{authorize: authorize} }

// Set exchanges the authoriser.
func (p *Policy) Set(authorize tlsconfig.Authorizer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.authorize = authorize
	p.number++
}

// Number is how often the authoriser was exchanged.
func (p *Policy) Number() uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.number
}

// Authorize is a [tlsconfig.Authorizer] by the present one.
func (p *Policy) Authorize(id spiffeid.ID, chains [][]*x509.Certificate) error {
	p.mu.RLock()
	authorize := p.authorize
	p.mu.RUnlock()
	return authorize(id, chains)
}
