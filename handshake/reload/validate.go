package reload

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"time"
)

const (
	skew    = time.Minute // by which an issuer's clock may be ahead of ours
	settled = time.Second // what could be a file cut off between two certificates is believed when it is as old
)

// version is content that was understood, and the identity that it makes.
type version struct {
	digest      digest
	identity    *Identity
	chain       []*x509.Certificate // leaf first
	authorities []*x509.Certificate
	paths       [][]*x509.Certificate // from the leaf to the authorities; none: see stray
	stray       error                 // why the chain leads to none of the authorities
}

// understand makes a version of content. What it says about itself may still be untrue: see check and follows. Before
// each of the costly parts, some hundred microseconds, it lets handshakes go first: on one CPU they would wait for all
// of them.
func understand(p Pair, now time.Time) (*version, error) {
	v := &version{digest: p.digest()}
	var err error
	if v.chain, err = certificates(p.Certificate); err != nil {
		return nil, err
	}
	if _, err := strict(p.Key); err != nil {
		return nil, err
	}
	var pair tls.Certificate
	runtime.Gosched()
	forgetting(func() { pair, err = tls.X509KeyPair(p.Certificate, p.Key) })
	if err != nil {
		return nil, refused("the key does not fit the certificate", err)
	}
	pair.Leaf = v.chain[0]
	v.identity = &Identity{Generation: generation(pair.Leaf), Certificate: &pair, Loaded: now}
	if p.Authorities != nil {
		return v, v.trust(p.Authorities, now)
	}
	return v, nil
}

// trust adds the authorities.
func (v *version) trust(text []byte, now time.Time) (err error) {
	if v.authorities, err = certificates(text); err != nil {
		return err
	}
	v.authorities = distinct(v.authorities)
	pool := x509.NewCertPool()
	for _, authority := range v.authorities {
		pool.AddCert(authority)
	}
	v.identity.Authorities, v.identity.Trusted, v.identity.Epoch = pool, len(v.authorities), epoch(v.authorities)
	runtime.Gosched()
	v.paths, v.stray = v.verify(now)
	return nil
}

// distinct sorts certificates and drops the copies, so that two bundles with the same authorities are the same.
func distinct(all []*x509.Certificate) []*x509.Certificate {
	slices.SortFunc(all, func(a, b *x509.Certificate) int { return bytes.Compare(a.Raw, b.Raw) })
	return slices.CompactFunc(all, (*x509.Certificate).Equal)
}

// epoch is a number for a set of authorities, the same in every process that trusts them: a server that was started
// again goes on with the sessions of the one before, and with no others. It has 53 bits, so that it is a number of
// JSON and of OpenMetrics too.
func epoch(authorities []*x509.Certificate) uint64 {
	h := sha256.New()
	for _, authority := range authorities {
		h.Write(authority.Raw)
	}
	return binary.BigEndian.Uint64(h.Sum(nil)) >> 11
}

// verify finds the paths from the leaf to the authorities, or says why there is none.
func (v *version) verify(now time.Time) ([][]*x509.Certificate, error) {
	intermediates := x509.NewCertPool()
	for _, c := range v.chain[1:] {
		intermediates.AddCert(c)
	}
	return v.chain[0].Verify(x509.VerifyOptions{
		Roots:         v.identity.Authorities,
		Intermediates: intermediates,
		CurrentTime:   v.within(now),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
}

// proved says that a path begins like the chain up to a certificate: then it is known that each has signed the one
// before. Signatures are most of what a reload costs, and none is verified twice.
func (v *version) proved(upTo int) bool {
	return slices.ContainsFunc(v.paths, func(path []*x509.Certificate) bool {
		return len(path) > upTo && slices.EqualFunc(path[:upTo+1], v.chain[:upTo+1], (*x509.Certificate).Equal)
	})
}

// within is the time nearest to now at which the whole chain is valid: a clock that is behind a little does not break
// a chain, and one that has expired still shows where it led to.
func (v *version) within(now time.Time) time.Time {
	for _, c := range v.chain {
		if c.NotAfter.Before(now) {
			now = c.NotAfter
		}
	}
	for _, c := range v.chain {
		if c.NotBefore.After(now) {
			now = c.NotBefore
		}
	}
	return now
}

// check says why a version would not serve handshakes at a time.
func (v *version) check(now time.Time) error {
	for i, c := range v.chain {
		if now.Add(skew).Before(c.NotBefore) {
			return &refusal{Outcome{Refused, "not yet valid"}, fmt.Errorf("before %v", c.NotBefore), c.NotBefore.Add(-skew)}
		}
		if now.After(c.NotAfter) {
			return refused("expired", fmt.Errorf("since %v", c.NotAfter))
		}
		if i > 0 && !v.proved(i) {
			if err := v.chain[i-1].CheckSignatureFrom(c); err != nil {
				return refused("the chain is not in order", err)
			}
		}
	}
	if err := anyClient.SupportsCertificate(v.identity.Certificate); err != nil {
		return refused("the key cannot sign in TLS 1.3", err)
	}
	return nil
}

// anyClient speaks TLS 1.3 and knows every signature scheme that crypto/tls does.
var anyClient = &tls.ClientHelloInfo{
	SupportedVersions: []uint16{tls.VersionTLS13},
	SignatureSchemes: []tls.SignatureScheme{
		tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.Ed25519,
		tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
	},
}

// follows says why a version may not take the place of the one that is served. Since is when the files were last seen
// to change.
func (v *version) follows(served *version, since, now time.Time) error {
	if v.older(served) {
		return refused("older than what is served", nil)
	}
	if forServers(served.chain[0]) && !forServers(v.chain[0]) {
		return refused("not for a server", nil)
	}
	young, trusts := now.Before(since.Add(settled)), v.identity.Authorities != nil
	if n := len(served.authorities) - len(v.authorities); n > 0 && young && trusts {
		return &refusal{Outcome{Refused, "there are fewer authorities"}, fmt.Errorf("by %d", n), since.Add(settled)}
	}
	if len(served.paths) > 0 && trusts {
		if v.stray != nil {
			return refused("the chain does not verify", v.stray)
		}
		return nil
	}
	if n := len(served.chain) - len(v.chain); n > 0 && young {
		return &refusal{Outcome{Refused, "the chain has become shorter"}, fmt.Errorf("by %d", n), since.Add(settled)}
	}
	return nil
}

// forServers says that clients accept a leaf from a server. That a leaf is no longer for clients is nothing to refuse:
// public authorities have ceased to say that it is.
func forServers(leaf *x509.Certificate) bool {
	return len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 ||
		slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// older says that a version was issued before another one. Serial numbers are random in the world, so a lower one
// says nothing by itself: the leaf's validity must not begin later either. Those of more than 64 bits have no order.
func (v *version) older(than *version) bool {
	a, b := v.identity.Generation, than.identity.Generation
	return a != 0 && b != 0 && a < b && !v.chain[0].NotBefore.After(than.chain[0].NotBefore)
}
