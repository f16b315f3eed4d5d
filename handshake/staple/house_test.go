package staple_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/staple"
)

// authority is an issuer for tests.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// issue has the key of a subject and serial number be the same in every process: those that fuzz have the seeds of one
// in another.
func issue(t testing.TB, template *x509.Certificate, by *authority) *authority {
	t.Helper()
	of := ""
	if by != nil {
		of = by.certificate.Subject.String()
	}
	secret := sha256.Sum256(fmt.Append(nil, of, template.Subject, template.SerialNumber))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
	if err != nil {
		t.Fatal(err)
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	if by == nil {
		by = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key}
}

func newAuthority(t testing.TB, name string) *authority { return root(t, name, 1) }

// root has another key for each name and serial number.
func root(t testing.TB, name string, serial int64) *authority {
	return issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		IsCA:         true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, nil)
}

// leaf is of a server that is to staple.
func (a *authority) leaf(t testing.TB, serial int64) *authority {
	return issue(t, &x509.Certificate{
		SerialNumber:    big.NewInt(serial),
		Subject:         pkix.Name{CommonName: "server.lab.example"},
		DNSNames:        []string{"server.lab.example"},
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		ExtraExtensions: []pkix.Extension{staple.MustStaple()},
	}, a)
}

// delegate is of a responder of its own.
func (a *authority) delegate(t testing.TB, usage x509.ExtKeyUsage, until time.Time) *authority {
	return issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "responder"},
		NotBefore:    time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, a)
}

func (a *authority) responder(t testing.TB) *staple.Responder {
	return respond(t, staple.Signer{Issuer: a.certificate, Key: a.key})
}

func respond(t testing.TB, s staple.Signer) *staple.Responder {
	t.Helper()
	r, err := staple.NewResponder(s, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// good is what a responder says of a leaf that is good.
func good(t testing.TB, r *staple.Responder, leaf *x509.Certificate) []byte {
	r.Set(leaf.SerialNumber, staple.Good)
	return said(t, r, leaf, time.Now())
}

func said(t testing.TB, r *staple.Responder, leaf *x509.Certificate, at time.Time) []byte {
	t.Helper()
	response, err := r.Respond(leaf.SerialNumber, at, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (a *authority) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key, Leaf: a.certificate}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}
