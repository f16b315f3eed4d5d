package edge

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// memory is a certificate in memory that is replaced by whole generations. Its methods may be called at the same time,
// but rotate.
type memory struct {
	authority  *rotation.Authority
	roots      *x509.CertPool
	generation uint64
	served     atomic.Pointer[tls.Certificate]
}

// newMemory serves generation 1, with a key of ECDSA P-256.
func newMemory() (*memory, error) {
	a, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256)
	if err != nil {
		return nil, err
	}
	m := &memory{authority: a, roots: x509.NewCertPool()}
	m.roots.AppendCertsFromPEM(a.Roots())
	return m, m.rotate()
}

// rotate serves another generation.
func (m *memory) rotate() error {
	issued, err := m.authority.Issue(m.generation + 1)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(issued.Certificate, issued.Key)
	if err != nil {
		return err
	}
	m.generation++
	m.served.Store(&pair)
	return nil
}

func (m *memory) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return m.served.Load(), nil
}

// server serves what the memory holds when a handshake asks for it.
func (m *memory) server(protocols ...string) *tls.Config {
	return &tls.Config{GetCertificate: m.certificate, MinVersion: tls.VersionTLS13, NextProtos: protocols}
}

// client trusts the authority and makes full handshakes.
func (m *memory) client(protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: m.roots, ServerName: "localhost", MinVersion: tls.VersionTLS13, NextProtos: protocols}
}

// generationOf is the serial number of the leaf that a client was shown.
func generationOf(state *tls.ConnectionState) uint64 {
	return state.PeerCertificates[0].SerialNumber.Uint64()
}
