// Package pki is a throwaway certificate authority: a root, one intermediate, and leaves whose keys fit a signature
// scheme.
//
// A server's leaf key decides how a TLS 1.3 server signs CertificateVerify, so an [Authority] is made for one
// [handshake.Signature], and root, intermediate and leaves all have keys of that kind: what a handshake verifies is
// of one scheme throughout. Three certificates are the usual shape of a public chain; two of them, leaf and
// intermediate, go over the wire.
//
// Keys live in memory and are handed on as PEM; nothing here writes files. The root's key is forgotten as soon as it
// has signed the intermediate.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// Every certificate is valid from Backdated before the authority's now, for clocks that disagree, to Lifetime after.
const (
	Backdated = time.Hour
	Lifetime  = 7 * 24 * time.Hour
)

// Pair is a certificate and its key, as crypto/tls.X509KeyPair takes them.
type Pair struct {
	Certificate []byte // PEM: leaf, then intermediate
	Key         []byte // PEM, PKCS #8
}

// Authority issues leaves for one signature scheme.
type Authority struct {
	sig          handshake.Signature
	now          time.Time
	root         *x509.Certificate
	intermediate issuer
}

// issuer signs certificates.
type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// New is an authority for a signature scheme, valid around now. It fails for a scheme that the lab does not use.
func New(now time.Time, sig handshake.Signature) (*Authority, error) {
	a := &Authority{sig: sig, now: now}
	root, err := a.issuer(issuer{}, "tlslab root", 1)
	if err != nil {
		return nil, fmt.Errorf("create root: %w", err)
	}
	a.root = root.certificate
	if a.intermediate, err = a.issuer(root, "tlslab intermediate", 0); err != nil {
		return nil, fmt.Errorf("create intermediate: %w", err)
	}
	return a, nil
}

// Roots is the root certificate, PEM.
func (a *Authority) Roots() []byte { return certificatePEM(a.root) }

// Server is a server's certificate for names: DNS names, and IP addresses as text. There must be at least one.
func (a *Authority) Server(names ...string) (Pair, error) {
	return a.Leaf(Request{Names: names, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

// Client is a client's certificate for a name.
func (a *Authority) Client(name string) (Pair, error) {
	return a.Leaf(Request{Names: []string{name}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// issuer creates a certificate that may sign others, with at most below further authorities under it.
func (a *Authority) issuer(parent issuer, name string, below int) (issuer, error) {
	template := a.template(name)
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLen = below
	template.MaxPathLenZero = below == 0
	return a.issue(template, parent)
}

func (a *Authority) template(name string) *x509.Certificate {
	return &x509.Certificate{ // without a serial number: x509 draws one
		Subject:   pkix.Name{CommonName: name},
		NotBefore: a.now.Add(-Backdated),
		NotAfter:  a.now.Add(Lifetime),
	}
}

// issue makes a key of the authority's scheme and has parent sign its certificate.
func (a *Authority) issue(template *x509.Certificate, parent issuer) (issuer, error) {
	key, err := NewKey(a.sig)
	if err != nil {
		return issuer{}, err
	}
	return sign(template, key, parent)
}

// sign has parent sign a certificate for a key; the zero parent is the certificate itself.
func sign(template *x509.Certificate, key crypto.Signer, parent issuer) (issuer, error) {
	if parent.key == nil {
		parent = issuer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.certificate, key.Public(), parent.key)
	if err != nil {
		return issuer{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return issuer{certificate, key}, err
}

// NewKey makes a key with which a TLS 1.3 peer signs by the scheme.
func NewKey(sig handshake.Signature) (crypto.Signer, error) {
	switch sig {
	case handshake.ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case handshake.ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case handshake.Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case handshake.RSAPSS2048:
		return rsa.GenerateKey(rand.Reader, 2048) // e = 65537
	}
	return nil, fmt.Errorf("no key for signature scheme %v", sig)
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
