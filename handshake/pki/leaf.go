package pki

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// Request is what a leaf is to say. Zero fields but the first two leave it to the authority.
type Request struct {
	Names     []string // DNS names, and IP addresses as text; at least one
	Usage     []x509.ExtKeyUsage
	Serial    uint64              // zero: drawn
	Signature handshake.Signature // that its key fits
	Key       []byte              // PEM, PKCS #8: of a leaf that is renewed without a new key
	NotBefore time.Time
	NotAfter  time.Time
}

// Leaf is a certificate as it is requested. It fails where there is no name, or no key for the signature scheme.
func (a *Authority) Leaf(r Request) (Pair, error) {
	if len(r.Names) == 0 || r.Names[0] == "" {
		return Pair{}, errors.New("issue leaf: no name")
	}
	key, err := a.leafKey(r)
	if err != nil {
		return Pair{}, fmt.Errorf("issue leaf for %s: %w", r.Names[0], err)
	}
	leaf, err := sign(a.leafTemplate(r), key, a.intermediate)
	if err != nil {
		return Pair{}, fmt.Errorf("issue leaf for %s: %w", r.Names[0], err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("write key for %s: %w", r.Names[0], err)
	}
	return Pair{
		Certificate: append(certificatePEM(leaf.certificate), certificatePEM(a.intermediate.certificate)...),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, nil
}

func (a *Authority) leafKey(r Request) (crypto.Signer, error) {
	if r.Key == nil {
		if r.Signature == 0 {
			r.Signature = a.sig
		}
		return NewKey(r.Signature)
	}
	block, _ := pem.Decode(r.Key)
	if block == nil {
		return nil, errors.New("the key to renew with is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T does not sign", key)
	}
	return signer, nil
}

func (a *Authority) leafTemplate(r Request) *x509.Certificate {
	template := a.template(r.Names[0])
	template.KeyUsage = x509.KeyUsageDigitalSignature // all that TLS 1.3 needs: RFC 8446, section 4.4.2.2
	template.ExtKeyUsage = r.Usage
	for _, name := range r.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if r.Serial != 0 {
		template.SerialNumber = new(big.Int).SetUint64(r.Serial)
	}
	if !r.NotBefore.IsZero() {
		template.NotBefore = r.NotBefore
	}
	if !r.NotAfter.IsZero() {
		template.NotAfter = r.NotAfter
	}
	return template
}
