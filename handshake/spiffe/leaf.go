package spiffe

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/tlslab/tlslab/handshake/pki"
)

// SVID is a new identity with a key of its own. Its serial number is its generation; its times are cut to whole seconds.
func (d *Domain) SVID(path string, serial uint64, notBefore, notAfter time.Time) (*x509svid.SVID, error) {
	return d.issue(d.signer(), path, serial, notBefore, notAfter)
}

func (d *Domain) issue(by *authority, path string, serial uint64, notBefore, notAfter time.Time) (*x509svid.SVID, error) {
	id, err := d.ID(path)
	if err != nil {
		return nil, err
	}
	key, err := pki.NewKey(d.sig)
	if err != nil {
		return nil, err
	}
	leaf, err := signLeaf(by, leafTemplate(id, serial, notBefore, notAfter), key.Public())
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", id, err)
	}
	return &x509svid.SVID{ID: id, Certificates: []*x509.Certificate{leaf}, PrivateKey: key, Hint: path}, nil
}

// leafTemplate is a leaf as X.509-SVID, sections 3.1 and 4.3 to 4.4, wants it: one URI, digital signatures only.
func leafTemplate(id spiffeid.ID, serial uint64, notBefore, notAfter time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetUint64(serial),
		URIs:                  []*url.URL{id.URL()},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
}

func signLeaf(by *authority, template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, public, by.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// CrossSign is an identity of a foreign domain, signed by the foreign authority, whose certificate is signed by this
// domain's authority in turn. The chain reaches this domain's root, and yet whoever trusts this domain only must not
// take it: a trust domain's own bundle decides about its identities (SPIFFE Trust Domain and Bundle, section 3).
func (d *Domain) CrossSign(foreign *Domain, path string, serial uint64, notBefore, notAfter time.Time) (*x509svid.SVID, error) {
	theirs, ours := foreign.signer(), d.signer()
	svid, err := foreign.issue(theirs, path, serial, notBefore, notAfter)
	if err != nil {
		return nil, err
	}
	template := *theirs.certificate
	template.SerialNumber = nil // x509 draws one
	template.AuthorityKeyId = nil
	crossed, err := signLeaf(ours, &template, theirs.key.Public())
	if err != nil {
		return nil, fmt.Errorf("cross-sign %s: %w", foreign.name, err)
	}
	svid.Certificates = append(svid.Certificates, crossed)
	return svid, nil
}
