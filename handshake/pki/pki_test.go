package pki_test

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

var schemes = []handshake.Signature{
	handshake.ECDSAP256, handshake.ECDSAP384, handshake.Ed25519, handshake.RSAPSS2048,
}

func authority(t *testing.T, sig handshake.Signature) *pki.Authority {
	t.Helper()
	a, err := pki.New(time.Now(), sig)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func pool(t *testing.T, a *pki.Authority) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(a.Roots()) {
		t.Fatalf("no certificate in %s", a.Roots())
	}
	return p
}

// keyPair loads what Server or Client gave.
func keyPair(t *testing.T) func(pki.Pair, error) tls.Certificate {
	return func(pair pki.Pair, err error) tls.Certificate {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		c, err := tls.X509KeyPair(pair.Certificate, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// connect does one handshake over loopback TCP. The server answers with one byte once it has verified the client's
// Finished and certificate.
func connect(t *testing.T, server, client *tls.Config) (serverSaw, clientSaw tls.ConnectionState, err error) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		defer conn.Close()
		_, err = conn.Write([]byte{handshake.Confirmation})
		serverSaw = conn.(*tls.Conn).ConnectionState()
		served <- err
	}()
	conn, err := net.DialTimeout("tcp", listener.Addr().String(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	secured := tls.Client(conn, client)
	_, err = io.ReadFull(secured, make([]byte, 1))
	clientSaw = secured.ConnectionState()
	conn.Close()
	err = errors.Join(<-served, err) // before serverSaw is read
	return serverSaw, clientSaw, err
}

func TestHandshake(t *testing.T) {
	for _, sig := range schemes {
		a := authority(t, sig)
		serverPair := keyPair(t)(a.Server("edge.example.test", "127.0.0.1"))
		clientPair := keyPair(t)(a.Client("client.example.test"))
		for _, mutual := range []bool{false, true} {
			spec := handshake.Spec{Signature: sig, Mutual: mutual}
			server := &tls.Config{Certificates: []tls.Certificate{serverPair}, MinVersion: tls.VersionTLS13}
			client := &tls.Config{RootCAs: pool(t, a), ServerName: "edge.example.test"}
			if mutual {
				server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, pool(t, a)
				client.Certificates = []tls.Certificate{clientPair}
			}
			serverSaw, clientSaw, err := connect(t, server, client)
			if err != nil {
				t.Errorf("%v: %v", spec, err)
				continue
			}
			if err := spec.Check(handshake.ClientOutcome(clientSaw, mutual)); err != nil {
				t.Errorf("%v: client: %v", spec, err)
			}
			if err := spec.Check(handshake.ServerOutcome(serverSaw, serverPair.Leaf)); err != nil {
				t.Errorf("%v: server: %v", spec, err)
			}
			if got := len(clientSaw.PeerCertificates); got != 2 {
				t.Errorf("%v: %d certificates on the wire, want leaf and intermediate", spec, got)
			}
			if got := len(clientSaw.VerifiedChains[0]); got != 3 {
				t.Errorf("%v: chain of %d, want leaf, intermediate and root", spec, got)
			}
			if mutual && handshake.SignatureOf(serverSaw.PeerCertificates[0]) != sig {
				t.Errorf("%v: the client's leaf is of another scheme", spec)
			}
		}
	}
}

func TestHandshakeRefused(t *testing.T) {
	a, other := authority(t, handshake.ECDSAP256), authority(t, handshake.ECDSAP256)
	serverPair := keyPair(t)(a.Server("edge.example.test", "127.0.0.1", "::1"))
	clientPair := keyPair(t)(a.Client("client.example.test"))
	tests := []struct {
		name   string
		change func(server, client *tls.Config)
		want   string // empty: not refused
	}{
		{"nothing", func(_, _ *tls.Config) {}, ""},
		{"by address", func(_, c *tls.Config) { c.ServerName = "127.0.0.1" }, ""},
		{"by IPv6 address", func(_, c *tls.Config) { c.ServerName = "::1" }, ""},
		{"other name", func(_, c *tls.Config) { c.ServerName = "example.test" }, "not example.test"},
		{"other root", func(_, c *tls.Config) { c.RootCAs = pool(t, other) }, "unknown authority"},
		{"too late", func(_, c *tls.Config) { c.Time = in(pki.Lifetime + time.Minute) }, "expired or is not yet valid"},
		{"late", func(_, c *tls.Config) { c.Time = in(pki.Lifetime - time.Minute) }, ""},
		{"early", func(_, c *tls.Config) { c.Time = in(-pki.Backdated + time.Minute) }, ""},
		{"too early", func(_, c *tls.Config) { c.Time = in(-pki.Backdated - time.Minute) }, "expired or is not yet valid"},
		{"client's certificate for a server", func(s, c *tls.Config) {
			s.Certificates, c.ServerName = []tls.Certificate{clientPair}, "client.example.test"
		}, "incompatible key usage"},
		{"server's certificate for a client", func(_, c *tls.Config) {
			c.Certificates = []tls.Certificate{serverPair}
		}, "incompatible key usage"},
		{"no client certificate", func(_, c *tls.Config) { c.Certificates = nil }, "didn't provide a certificate"},
		{"client of another root", func(s, _ *tls.Config) { s.ClientCAs = pool(t, other) }, "unknown authority"},
	}
	for _, tt := range tests {
		server := &tls.Config{
			Certificates: []tls.Certificate{serverPair}, MinVersion: tls.VersionTLS13,
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(t, a),
		}
		client := &tls.Config{
			Certificates: []tls.Certificate{clientPair}, RootCAs: pool(t, a), ServerName: "edge.example.test",
		}
		tt.change(server, client)
		_, _, err := connect(t, server, client)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func in(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }

func TestLeaf(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, err := pki.New(now, handshake.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	leaf := keyPair(t)(a.Server("edge.example.test", "127.0.0.1")).Leaf
	if !slices.Equal(leaf.DNSNames, []string{"edge.example.test"}) || len(leaf.IPAddresses) != 1 ||
		!leaf.IPAddresses[0].Equal(net.IPv4(127, 0, 0, 1)) {
		t.Errorf("names: got %v and %v", leaf.DNSNames, leaf.IPAddresses)
	}
	if !leaf.NotBefore.Equal(now.Add(-time.Hour)) || !leaf.NotAfter.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature || leaf.IsCA ||
		!slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("usage: got %v, %v, CA %v", leaf.KeyUsage, leaf.ExtKeyUsage, leaf.IsCA)
	}
	again := keyPair(t)(a.Server("edge.example.test")).Leaf
	if again.SerialNumber.Cmp(leaf.SerialNumber) == 0 || string(again.RawSubjectPublicKeyInfo) == string(leaf.RawSubjectPublicKeyInfo) {
		t.Error("two leaves share a serial number or a key")
	}
}

func TestRSAKey(t *testing.T) {
	pair, err := authority(t, handshake.RSAPSS2048).Client("client.example.test")
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(pair.Key)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 {
		t.Fatalf("the key is not one block of PKCS #8")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() != 2048 || key.E != 65537 {
		t.Errorf("got %T, want RSA of 2048 bits with exponent 65537", parsed)
	}
}

func TestRefuses(t *testing.T) {
	if _, err := pki.New(time.Now(), 0x0999); err == nil || !strings.Contains(err.Error(), "0x0999") {
		t.Errorf("unknown scheme: got %v", err)
	}
	a := authority(t, handshake.Ed25519)
	for name, issue := range map[string]func() (pki.Pair, error){
		"no server name":    func() (pki.Pair, error) { return a.Server() },
		"empty client name": func() (pki.Pair, error) { return a.Client("") },
		"name not ASCII":    func() (pki.Pair, error) { return a.Server("kante.példa.test") },
	} {
		if pair, err := issue(); err == nil || pair.Key != nil {
			t.Errorf("%s: got %v and a key of %d bytes", name, err, len(pair.Key))
		}
	}
}
