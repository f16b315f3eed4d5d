package p384_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"fmt"

	"github.com/tlslab/tlslab/accel/p384"
)

// A signer takes the place of the private key in a tls.Certificate. Here it signs by itself.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	best := p384.Std
	for _, status := range p384.Paths() {
		if status.Refused == "" {
			best = status.Path
			break
		}
	}
	signer, err := p384.NewSigner(key, best, p384.Options{})
	if err != nil {
		panic(err)
	}
	digest := sha512.Sum384([]byte("transcript"))
	signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA384)
	if err != nil {
		panic(err)
	}
	fmt.Println(p384.Verify([]p384.Signature{{Key: &key.PublicKey, Digest: digest[:], ASN1: signature}}))
	// Output: [true]
}
