package lab

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/scenarios"
)

// regularSecrets are secrets whose certificates are as long as most are, so that counts of different runs agree to the
// byte.
func regularSecrets(cells []scenarios.Cell, now time.Time) (secrets, error) {
	all := secrets{}
	for _, cell := range cells {
		sig := cell.Spec.Signature
		for all[sig] == nil {
			one, err := issue([]scenarios.Cell{cell}, now)
			if err != nil {
				return nil, err
			}
			regular, err := one[sig].regular(sig)
			if err != nil {
				return nil, err
			}
			if regular {
				all[sig] = one[sig]
			}
		}
	}
	return all, nil
}

func (id *identities) regular(sig handshake.Signature) (bool, error) {
	for _, pair := range []pki.Pair{id.server, id.client} {
		for rest := pair.Certificate; len(rest) > 0; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				return false, errors.New("a certificate is not PEM")
			}
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil || !regularCertificate(c, sig) {
				return false, err
			}
		}
	}
	return true, nil
}

// regularCertificate says whether the parts of a certificate that have no fixed length have the one that is most
// frequent. Each number of an ECDSA signature has a byte more in half of the cases, so two of them have one more.
func regularCertificate(c *x509.Certificate, sig handshake.Signature) bool {
	const serialBytes = 20 // the most that RFC 5280 allows
	if len(c.SerialNumber.Bytes()) != serialBytes {
		return false
	}
	switch sig {
	case handshake.ECDSAP256:
		return len(c.Signature) == 71
	case handshake.ECDSAP384:
		return len(c.Signature) == 103
	}
	return true
}
