package spiffe

import (
	"crypto"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

// newTokenKey makes a key that signs JWT-SVIDs. Ed25519 is not among their algorithms (JWT-SVID, section 2.1), so a
// domain of that scheme signs its tokens with P-256.
func newTokenKey(sig handshake.Signature) (crypto.Signer, error) {
	if sig == handshake.Ed25519 {
		sig = handshake.ECDSAP256
	}
	return pki.NewKey(sig)
}
