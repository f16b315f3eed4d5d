package reload

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// testAuthority is a root and an intermediate that issues leaves.
type testAuthority struct {
	root, intermediate *x509.Certificate
	key                *ecdsa.PrivateKey // of the intermediate
}

func newTestAuthority(t testing.TB, name string) *testAuthority {
	t.Helper()
	template := func(cn string) *x509.Certificate {
		return &x509.Certificate{
			Subject: pkix.Name{CommonName: name + cn}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			NotBefore: time.Now().Add(-30 * 24 * time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		}
	}
	rootKey, key := testKey(t), testKey(t)
	root := testSign(t, template(" root"), template(" root"), rootKey, rootKey)
	return &testAuthority{root, testSign(t, template(" intermediate"), root, key, rootKey), key}
}

func testKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testSign(t testing.TB, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// issue is a generation that is valid now.
func (a *testAuthority) issue(t testing.TB, generation int64) Pair {
	t.Helper()
	return a.between(t, generation, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func (a *testAuthority) between(t testing.TB, generation int64, from, to time.Time) Pair {
	t.Helper()
	return a.sign(t, generation, from, to, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
}

// use is a generation that is valid now, for one use.
func (a *testAuthority) use(t testing.TB, generation int64, usage x509.ExtKeyUsage) Pair {
	t.Helper()
	return a.sign(t, generation, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), usage)
}

func (a *testAuthority) sign(t testing.TB, generation int64, from, to time.Time, usage ...x509.ExtKeyUsage) Pair {
	t.Helper()
	key := testKey(t)
	leaf := testSign(t, &x509.Certificate{
		SerialNumber: big.NewInt(generation), NotBefore: from, NotAfter: to,
		DNSNames: []string{"reload.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: usage,
	}, a.intermediate, key, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Pair{
		Certificate: testPEM(leaf, a.intermediate),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		Authorities: testPEM(a.root),
	}
}

func testPEM(certificates ...*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, c := range certificates {
		pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return text.Bytes()
}

// testFiles are the paths in a directory.
func testFiles(dir string) Files {
	return Files{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")}
}

// put renames each file of a pair over its place.
func put(t testing.TB, f Files, p Pair) {
	t.Helper()
	for i, text := range [][]byte{p.Authorities, p.Certificate, p.Key} {
		path := []string{f.Authorities, f.Certificate, f.Key}[i]
		write(t, path+".new", text)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
