package staple_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/staple"
)

// openssl runs it, and returns all that it prints.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skipf("openssl is not installed: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, path, args...)
	c.Stdin = strings.NewReader("")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Logf("openssl %s: %v", args[0], err)
	}
	return string(out)
}

func write(t *testing.T, name string, c *x509.Certificate) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl ocsp asks the responder, by POST and with a nonce, and verifies what it says.
func TestOpenSSLOCSP(t *testing.T) {
	a := newAuthority(t, "root")
	signing := a.delegate(t, x509.ExtKeyUsageOCSPSigning, time.Now().Add(time.Hour))
	ca := write(t, "ca.pem", a.certificate)
	for who, r := range map[string]*staple.Responder{
		"issuer":   a.responder(t),
		"delegate": respond(t, staple.Signer{Issuer: a.certificate, Delegate: signing.certificate, Key: signing.key}),
	} {
		server := httptest.NewServer(r)
		defer server.Close()
		for serial, tt := range []struct {
			status staple.Status
			want   string
		}{{staple.Good, ": good"}, {staple.Revoked, ": revoked"}, {staple.Unknown, ": unknown"}} {
			leaf := a.leaf(t, int64(serial+10)).certificate
			r.Set(leaf.SerialNumber, tt.status)
			out := openssl(t, "ocsp", "-issuer", ca, "-cert", write(t, "leaf.pem", leaf), "-CAfile", ca, "-url", server.URL)
			if !strings.Contains(out, "Response verify OK") || !strings.Contains(out, tt.want) {
				t.Errorf("%s, status %d: got\n%s", who, tt.status, out)
			}
		}
	}
}

// openssl s_client -status asks for the staple of a handshake.
func TestOpenSSLStatus(t *testing.T) {
	a := newAuthority(t, "root")
	server := a.leaf(t, 7)
	r := a.responder(t)
	stapler := staple.NewStapler(server.certificate, a.certificate, func(context.Context) ([]byte, error) {
		return r.Respond(server.certificate.SerialNumber, time.Now(), time.Hour)
	})
	c := server.tls()
	to := listenWith(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return stapler.Certificate(&c), nil
	}})
	client := func() string {
		return openssl(t, "s_client", "-status", "-connect", to.String(), "-CAfile", write(t, "ca.pem", a.certificate), "-servername", "server.lab.example")
	}
	if out := client(); !strings.Contains(out, "no response sent") {
		t.Errorf("without a staple: got\n%s", out)
	}
	r.Set(server.certificate.SerialNumber, staple.Good)
	stapler.Refresh(t.Context())
	out := client()
	for _, want := range []string{"TLSv1.3", "OCSP Response Status: successful", "Cert Status: good", "Serial Number: 07", "Verify return code: 0 (ok)"} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q: got\n%s", want, out)
		}
	}
}
