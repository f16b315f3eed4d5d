package rotation_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

func authority(t *testing.T, sig handshake.Signature) *rotation.Authority {
	t.Helper()
	a, err := rotation.NewAuthority(time.Now(), sig, "edge.example.test")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// verify says why a peer of a name that trusts roots would not accept the material for a usage.
func verify(t *testing.T, m rotation.Material, roots []byte, name string, usage x509.ExtKeyUsage) (*x509.Certificate, error) {
	t.Helper()
	pair, err := tls.X509KeyPair(m.Certificate, m.Key)
	if err != nil {
		t.Fatal(err)
	}
	trusted, between := x509.NewCertPool(), x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(roots) || !between.AppendCertsFromPEM(m.Certificate) {
		t.Fatal("no certificate")
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{
		DNSName: name, Roots: trusted, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	return pair.Leaf, err
}

const (
	asServer = x509.ExtKeyUsageServerAuth
	asClient = x509.ExtKeyUsageClientAuth
)

func TestMaterial(t *testing.T) {
	a := authority(t, handshake.ECDSAP256)
	signing := func(sig handshake.Signature) func(uint64) (rotation.Material, error) {
		return func(g uint64) (rotation.Material, error) { return a.Signing(g, sig) }
	}
	first, err := a.Issue(6)
	if err != nil {
		t.Fatal(err)
	}
	renew := func(g uint64) (rotation.Material, error) { return a.Renew(g, first) }
	tests := []struct {
		of                 string
		issue              func(uint64) (rotation.Material, error)
		server, client     bool // a peer accepts it as one
		own, next, sameKey bool // under which root it is; whether it has the key of first
		signature          handshake.Signature
	}{
		{"Issue", a.Issue, true, true, true, false, false, handshake.ECDSAP256},
		{"Next.Issue", a.Next.Issue, true, true, false, true, false, handshake.ECDSAP256},
		{"Client", a.Client, false, false, true, false, false, handshake.ECDSAP256}, // it has another name
		{"Expired", a.Expired, false, false, true, false, false, handshake.ECDSAP256},
		{"Future", a.Future, false, false, true, false, false, handshake.ECDSAP256},
		{"Signing", signing(handshake.ECDSAP384), true, true, true, false, false, handshake.ECDSAP384},
		{"Signing", signing(handshake.Ed25519), true, true, true, false, false, handshake.Ed25519},
		{"Signing", signing(handshake.RSAPSS2048), true, true, true, false, false, handshake.RSAPSS2048},
		{"Renew", renew, true, true, true, false, true, handshake.ECDSAP256},
	}
	for _, tt := range tests {
		m, err := tt.issue(7)
		if err != nil {
			t.Errorf("%s: %v", tt.of, err)
			continue
		}
		leaf, err := verify(t, m, a.Roots(), "edge.example.test", asServer)
		if (err == nil) != tt.server {
			t.Errorf("%s: as a server: %v", tt.of, err)
		}
		if _, err := verify(t, m, a.Roots(), "127.0.0.1", asClient); (err == nil) != tt.client {
			t.Errorf("%s: as a client: %v", tt.of, err)
		}
		if m.Generation != 7 || leaf.SerialNumber.Uint64() != 7 || handshake.SignatureOf(leaf) != tt.signature {
			t.Errorf("%s: generation %d, serial number %v, %v", tt.of, m.Generation, leaf.SerialNumber, handshake.SignatureOf(leaf))
		}
		if got := bytes.Equal(m.Key, first.Key); got != tt.sameKey {
			t.Errorf("%s: key of another generation: got %t", tt.of, got)
		}
		if tt.server && (trusts(t, m, own(a)) != tt.own || trusts(t, m, a.Next.Roots()) != tt.next || !trusts(t, m, m.Authorities)) {
			t.Errorf("%s: is under another root", tt.of)
		}
	}
}

func own(a *rotation.Authority) []byte { return bytes.TrimSuffix(a.Roots(), a.Next.Roots()) }

func trusts(t *testing.T, m rotation.Material, roots []byte) bool {
	t.Helper()
	_, err := verify(t, m, roots, "localhost", asServer)
	return err == nil
}

func TestClient(t *testing.T) {
	a := authority(t, handshake.Ed25519)
	m, err := a.Client(3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t, m, own(a), "", asClient); err != nil {
		t.Errorf("as a client: %v", err)
	}
	if _, err := verify(t, m, own(a), "", asServer); err == nil {
		t.Error("a client's certificate is good for a server")
	}
	if !bytes.Equal(m.Authorities, a.Roots()) {
		t.Error("a client does not trust all roots")
	}
}

func TestDates(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	a, err := rotation.NewAuthority(now, handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		issue func(uint64) (rotation.Material, error)
		at    time.Time // it is valid, and not a minute earlier or later
		edge  time.Duration
	}{
		"expired": {a.Expired, now.Add(-time.Minute), time.Second},
		"future":  {a.Future, now.Add(24 * time.Hour), -time.Second},
	} {
		m, err := tt.issue(2)
		if err != nil {
			t.Fatal(err)
		}
		leaf, _ := verify(t, m, a.Roots(), "", asServer)
		valid := func(at time.Time) bool { return !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter) }
		if !valid(tt.at) || valid(tt.at.Add(tt.edge)) || valid(now) {
			t.Errorf("%s: valid from %v to %v, now is %v", name, leaf.NotBefore, leaf.NotAfter, now)
		}
	}
}

func TestUnknownScheme(t *testing.T) {
	if _, err := rotation.NewAuthority(time.Now(), 0x0999); err == nil {
		t.Error("an authority for a scheme that the lab does not use")
	}
}

func BenchmarkIssue(b *testing.B) {
	a, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256)
	if err != nil {
		b.Fatal(err)
	}
	for g := uint64(1); b.Loop(); g++ {
		if _, err := a.Issue(g); err != nil {
			b.Fatal(err)
		}
	}
}
