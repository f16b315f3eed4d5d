package rotation

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// renewals are good rotations that change less, or more, than a leaf and its key.
func renewals() []Injection {
	return []Injection{
		injection("same-key", "the leaf is renewed with the key that it had: one file changes", Rename, sameKey),
		injection("same-content", "the same files once more: there is nothing to adopt", Rename, sameContent),
		injection("chain-only", "the chain becomes longer, the leaf stays", Rename, chainOnly),
		injection("key-type-change", "the key is of ECDSA P-384, then of RSA, Ed25519 and ECDSA P-256", Rename, keyTypes),
		injection("key-format", "the key is in the format of RFC 5915, which is fine", Rename, keyFormat),
	}
}

func sameKey(s *script) {
	m := s.next()
	s.adopt("rotation", s.Steps(m)...)
	renewed := s.issue(func(generation uint64) (Material, error) { return s.authority.Renew(generation, m) })
	s.adopt("renewal", s.Steps(Material{Certificate: renewed.Certificate})...)
	s.afterwards()
}

func sameContent(s *script) {
	m := s.next()
	s.adopt("rotation", s.Steps(m)...)
	s.nothing("the same once more", time.Second, s.Steps(m)...)
	s.afterwards()
}

// chainOnly keeps the longer chain: one that gets shorter again may be torn.
func chainOnly(s *script) {
	m := s.next()
	s.adopt("rotation", s.Steps(m)...)
	s.nothing("and the root", time.Second, s.Steps(Material{Certificate: s.withRoot(m).Certificate})...)
	s.adopt("another leaf, and the root", s.Steps(s.withRoot(s.next()))...)
}

// withRoot sends the root too, which nobody needs and many do.
func (s *script) withRoot(m Material) Material {
	m.Certificate = slices.Concat(m.Certificate, m.Authorities)
	return m
}

func keyTypes(s *script) {
	for _, sig := range []handshake.Signature{handshake.ECDSAP384, handshake.RSAPSS2048, handshake.Ed25519, handshake.ECDSAP256} {
		m := s.issue(func(generation uint64) (Material, error) { return s.authority.Signing(generation, sig) })
		s.adopt(sig.String(), s.Steps(m)...)
	}
	s.afterwards()
}

func keyFormat(s *script) {
	m := s.issue(func(generation uint64) (Material, error) {
		m, err := s.authority.Signing(generation, handshake.ECDSAP256)
		if err == nil {
			m.Key, err = sec1(m.Key)
		}
		return m, err
	})
	s.adopt("rotation", s.Steps(m)...)
	s.afterwards()
}

// sec1 writes an ECDSA key of PKCS #8 as RFC 5915 does.
func sec1(key []byte) ([]byte, error) {
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a %T is not written as RFC 5915 does", parsed)
	}
	der, err := x509.MarshalECPrivateKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
}
