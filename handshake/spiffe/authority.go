package spiffe

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

// An authority is valid from an hour before it is made to a week after.
const (
	backdated = time.Hour
	lifetime  = 7 * 24 * time.Hour
)

// authority signs the identities of a trust domain: certificates with one key, tokens with another.
type authority struct {
	certificate *x509.Certificate // its own
	key         crypto.Signer
	tokenKey    crypto.Signer
	tokenKeyID  string
}

func newAuthority(name spiffeid.TrustDomain, sig handshake.Signature, now time.Time) (*authority, error) {
	key, err := pki.NewKey(sig)
	if err != nil {
		return nil, err
	}
	tokenKey, err := newTokenKey(sig)
	if err != nil {
		return nil, err
	}
	number := make([]byte, 8)
	rand.Read(number)
	id := hex.EncodeToString(number)
	template := signingTemplate(name, id, now)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{certificate, key, tokenKey, id}, nil
}

// signingTemplate is a signing certificate (X.509-SVID, section 3.2): its ID is the trust domain's, without a path.
func signingTemplate(name spiffeid.TrustDomain, number string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"tlslab"}, CommonName: name.Name(), SerialNumber: number},
		URIs:                  []*url.URL{name.ID().URL()},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
}
