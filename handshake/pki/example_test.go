package pki_test

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

// A server's certificate is ready for crypto/tls; clients trust Roots.
func Example() {
	authority, err := pki.New(time.Now(), handshake.ECDSAP384)
	if err != nil {
		fmt.Println(err)
		return
	}
	pair, err := authority.Server("edge.example.test", "127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	fmt.Println(handshake.SignatureOf(certificate.Leaf), len(certificate.Certificate), err)
	// Output: ecdsa-p384 2 <nil>
}
