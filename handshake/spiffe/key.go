package spiffe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/tlslab/tlslab/handshake"
)

// newKey makes a key with which a TLS 1.3 peer signs by the scheme.
func newKey(sig handshake.Signature) (crypto.Signer, error) {
	switch sig {
	case handshake.ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case handshake.ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case handshake.Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case handshake.RSAPSS2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("no key for signature scheme %v", sig)
}

// newTokenKey makes a key that signs JWT-SVIDs. Ed25519 is not among their algorithms (JWT-SVID, section 2.1), so a
// domain of that scheme signs its tokens with P-256.
func newTokenKey(sig handshake.Signature) (crypto.Signer, error) {
	if sig == handshake.Ed25519 {
		sig = handshake.ECDSAP256
	}
	return newKey(sig)
}
