package spiffe

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"hash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// sum names an epoch.
type sum [sha256.Size]byte

// epoch ties sessions to the bundles and policies that a peer was admitted by.
//
// A session bears the sum of the time when it was made, and is not taken up under another. That alone would leave a
// gap: a peer that is verified, and finishes its handshake after the epoch has changed, would get a session of the new
// one. So a resumed connection is also admitted only where its leaf was verified in this epoch, and is verified if not.
type epoch struct {
	bundles   x509bundle.Source
	authorize tlsconfig.Authorizer
	policies  []func() uint64

	mu       sync.Mutex
	domains  []spiffeid.TrustDomain // of peers that were ever admitted, sorted
	admitted map[sum]bool           // leaves, in the epoch now
	now      sum
}

// mostAdmitted is how many leaves are remembered; where there are more, some are verified again.
const mostAdmitted = 4096

func newEpoch(s x509bundle.Source, authorize tlsconfig.Authorizer, policies []func() uint64) *epoch {
	return &epoch{bundles: s, authorize: authorize, policies: policies, admitted: map[sum]bool{}}
}

// label marks the entry of this package among the extra data of a session ([tls.SessionState]).
const label = "tlslab spiffe epoch\x00"

// server has tickets bear the epoch. They are sealed with keys of a config of their own, so that a clone of this one,
// as gRPC and QUIC make it, opens what another clone sealed.
func (e *epoch) server(config *tls.Config) {
	keys := &tls.Config{}
	e.verify(config)
	config.WrapSession = func(cs tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		now := e.sum()
		session.Extra = append(session.Extra, append([]byte(label), now[:]...))
		return keys.EncryptTicket(cs, session)
	}
	config.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		session, err := keys.DecryptTicket(ticket, cs)
		if err != nil || session == nil {
			return nil, err
		}
		now := e.sum()
		if !slices.ContainsFunc(session.Extra, func(b []byte) bool { return bytes.Equal(b, append([]byte(label), now[:]...)) }) {
			return nil, nil
		}
		return session, nil
	}
}

// client has sessions bear the epoch.
func (e *epoch) client(config *tls.Config) {
	e.verify(config)
	config.ClientSessionCache = epochCache{config.ClientSessionCache, e}
}

// epochCache keeps the sessions of each epoch apart. Those of older ones are pushed out in time.
type epochCache struct {
	sessions tls.ClientSessionCache
	epoch    *epoch
}

func (c epochCache) key(of string) string {
	now := c.epoch.sum()
	return string(now[:]) + of
}

func (c epochCache) Get(key string) (*tls.ClientSessionState, bool) {
	return c.sessions.Get(c.key(key))
}
func (c epochCache) Put(key string, s *tls.ClientSessionState) { c.sessions.Put(c.key(key), s) }

func (e *epoch) verify(config *tls.Config) {
	config.VerifyPeerCertificate = nil
	config.VerifyConnection = func(cs tls.ConnectionState) error {
		if len(cs.PeerCertificates) == 0 {
			return e.admit(nil)
		}
		leaf := cs.PeerCertificates[0]
		if cs.DidResume && e.remembers(leaf) && time.Now().Before(leaf.NotAfter) {
			return nil
		}
		return e.admit(cs.PeerCertificates)
	}
}

// admit verifies and authorises a peer. What the epoch is, is asked before: a change in between makes it an older one.
func (e *epoch) admit(certificates []*x509.Certificate) error {
	var domain spiffeid.TrustDomain
	if len(certificates) > 0 {
		if id, err := x509svid.IDFromCert(certificates[0]); err == nil {
			domain = id.TrustDomain()
		}
	}
	before := e.sumWith(domain)
	id, chains, err := x509svid.Verify(certificates, e.bundles)
	if err != nil {
		return err
	}
	if err := e.authorize(id, chains); err != nil {
		return err
	}
	e.remember(certificates[0], domain, before)
	return nil
}

func (e *epoch) remember(leaf *x509.Certificate, domain spiffeid.TrustDomain, in sum) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.domains = with(e.domains, domain)
	if e.now != in || len(e.admitted) >= mostAdmitted {
		clear(e.admitted)
		e.now = in
	}
	e.admitted[sha256.Sum256(leaf.Raw)] = true
}

func (e *epoch) remembers(leaf *x509.Certificate) bool {
	now := e.sum()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now == now && e.admitted[sha256.Sum256(leaf.Raw)]
}

// sum is the present epoch.
func (e *epoch) sum() sum { return e.sumWith(spiffeid.TrustDomain{}) }

// sumWith is the present epoch once peers of a domain have been admitted.
func (e *epoch) sumWith(domain spiffeid.TrustDomain) sum {
	e.mu.Lock()
	domains := with(e.domains, domain)
	e.mu.Unlock()
	h := sha256.New()
	for _, policy := range e.policies {
		number(h, policy())
	}
	for _, d := range domains {
		e.addBundle(h, d)
	}
	return sum(h.Sum(nil))
}

// addBundle adds the authorities of a domain, in whichever order they come.
func (e *epoch) addBundle(h hash.Hash, domain spiffeid.TrustDomain) {
	h.Write([]byte(domain.Name() + "\x00"))
	bundle, err := e.bundles.GetX509BundleForTrustDomain(domain)
	if err != nil {
		number(h, 0)
		return
	}
	var digests []string
	for _, c := range bundle.X509Authorities() {
		digest := sha256.Sum256(c.Raw)
		digests = append(digests, string(digest[:]))
	}
	slices.Sort(digests)
	number(h, uint64(len(digests)))
	for _, digest := range digests {
		h.Write([]byte(digest))
	}
}

func number(h hash.Hash, n uint64) {
	h.Write(binary.BigEndian.AppendUint64(nil, n))
}

// with is the sorted domains with one more, unless that is there already or none; the argument stays as it is.
func with(domains []spiffeid.TrustDomain, one spiffeid.TrustDomain) []spiffeid.TrustDomain {
	i, there := slices.BinarySearchFunc(domains, one, func(a, b spiffeid.TrustDomain) int { return strings.Compare(a.Name(), b.Name()) })
	if there || one.IsZero() {
		return domains
	}
	return slices.Insert(slices.Clone(domains), i, one)
}
