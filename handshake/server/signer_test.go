package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/accel/p384"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

// signing is a server with a P-384 certificate whose signer is as asked, and a client that trusts it.
func signing(t *testing.T, accel string) (Settings, *tls.Config) {
	t.Helper()
	a, err := pki.New(time.Now(), handshake.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	served, err := a.Server("edge.example.test")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Roots())
	return Settings{App: "plain", Certificate: served.Certificate, Key: served.Key, Accel: accel},
		&tls.Config{RootCAs: roots, ServerName: "edge.example.test"}
}

// Every path that runs here serves clients that verify, and accounts for each signature of its stretch and no other.
func TestSigner(t *testing.T) {
	const before, counted = 3, 5
	for _, status := range append(p384.Paths(), p384.Status{Path: "auto"}) {
		if status.Refused != "" || status.Path == p384.Std {
			continue
		}
		settings, client := signing(t, string(status.Path))
		c := start(t, settings)
		shake := func(n int) {
			for range n {
				if err := c.shake(client); err != nil {
					t.Fatalf("%s: %v", status.Path, err)
				}
			}
		}
		shake(before)
		c.do("begin")
		shake(counted)
		got := c.do("end").Report.Signer
		if got == nil {
			t.Fatalf("%s: no report of the signer", status.Path)
		}
		if got.Signatures != counted || len(got.Fallbacks) > 0 {
			t.Errorf("%s: got %+v, want %d signatures and no fallback", status.Path, got, counted)
		}
		c.do("stop")
	}
}

func TestSignerOfAnotherKey(t *testing.T) {
	f := setup(t)
	f.settings.Accel = "auto"
	c := start(t, f.settings)
	c.do("begin")
	if err := c.shake(f.client); err != nil {
		t.Fatal(err)
	}
	if got := c.do("end").Report.Signer; got != nil {
		t.Errorf("a P-256 key: got %+v, want no signer", got)
	}
	c.do("stop")
}

func TestHelloNamesTheSigner(t *testing.T) {
	settings, _ := signing(t, "auto")
	p, err := newHouse(t.Context(), settings, apps)
	if err != nil {
		t.Fatal(err)
	}
	defer p.TCP.Close()
	path, why := p.signer.identity()
	if text, _ := json.Marshal(Hello{Signer: path, SignerWhy: why}); !strings.Contains(string(text), `"signer":"`+path) || path == "" || why == "" {
		t.Errorf("got %s", text)
	}
}

func TestSignerThatThereIsNot(t *testing.T) {
	settings, _ := signing(t, "lab-gopher")
	if _, err := newHouse(t.Context(), settings, apps); err == nil || !strings.Contains(err.Error(), "accel lab-gopher") {
		t.Errorf("got %v", err)
	}
}
