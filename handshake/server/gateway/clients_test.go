package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// clientTimeout bounds a client that is a program of its own.
const clientTimeout = 20 * time.Second

// program runs a client that is installed here, or skips.
func (c *child) program(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// rootsFile is the authority's root as a file.
func (c *child) rootsFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(path, c.authority.Roots(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCurl(t *testing.T) {
	c := start(t, nil)
	roots := c.rootsFile(t)
	version := c.program(t, "curl", "--version")
	_, port, _ := strings.Cut(c.address, ":")
	for flag, want := range map[string]string{"--http1.1": "204 1.1", "--http2": "204 2"} {
		t.Run(flag, func(t *testing.T) {
			if flag == "--http2" && !strings.Contains(version, "HTTP2") {
				t.Skip("this curl speaks no HTTP/2")
			}
			got := c.program(t, "curl", "--silent", "--show-error", flag, "--cacert", roots,
				"--resolve", name+":"+port+":127.0.0.1", "--write-out", "%{http_code} %{http_version}", "https://"+name+":"+port+"/")
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestOpenSSL(t *testing.T) {
	c := start(t, nil)
	roots := c.rootsFile(t)
	for offer, want := range map[string]string{
		"h2,http/1.1": "ALPN protocol: h2",
		"http/1.1":    "ALPN protocol: http/1.1",
	} {
		got := c.program(t, "openssl", "s_client", "-connect", c.address, "-servername", name, "-tls1_3", "-CAfile", roots,
			"-verify_return_error", "-alpn", offer)
		if !strings.Contains(got, want) || !strings.Contains(got, "Verify return code: 0 (ok)") {
			t.Errorf("%s: got\n%s", offer, got)
		}
	}
}

// Over TCP neither a server's name nor a protocol is needed.
func TestClientsThatSayLittle(t *testing.T) {
	c := start(t, nil)
	if is := c.identity(""); is.ALPN != "" || is.Protocol != "HTTP/1.1" {
		t.Errorf("no ALPN: got %+v", is)
	}
	config := c.config()
	config.ServerName = "127.0.0.1" // an address is never sent as a name: RFC 6066, section 3
	conn, err := tls.Dial("tcp", c.address, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /identity HTTP/1.1\r\nHost: " + name + "\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(conn); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer.String(), `"sni":""`) || !strings.Contains(answer.String(), `"leaf":1`) {
		t.Errorf("no SNI: got\n%s", &answer)
	}
}

// QUIC needs a protocol, and the right one (RFC 9001, section 8.1). The ledger has the refusals.
func TestQUICNeedsItsProtocol(t *testing.T) {
	needQUIC(t)
	c := start(t, nil)
	c.begin()
	for _, offer := range [][]string{nil, {"h2"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		conn, err := quic.DialAddr(ctx, c.address, c.config(offer...), nil)
		cancel()
		var refused *quic.TransportError
		if err == nil {
			conn.CloseWithError(0, "")
			t.Errorf("a client that offers %q was served", offer)
		} else if !errors.As(err, &refused) || !refused.ErrorCode.IsCryptoError() {
			t.Errorf("a client that offers %q: %v", offer, err)
		}
	}
	l := c.end()
	if l.Accepted != 2 || l.Rejected != 2 || len(l.Reasons) == 0 {
		t.Errorf("ledger: %+v", l)
	}
	for reason := range l.Reasons {
		if !strings.HasPrefix(reason, "tls: ") {
			t.Errorf("reasons: %v", l.Reasons)
		}
	}
}

// A connection that is complete and asks for nothing is no confirmed handshake.
func TestSilentClientsAreRejected(t *testing.T) {
	needQUIC(t)
	c := start(t, nil)
	c.begin()
	for range 3 {
		c.negotiated("h2")
	}
	c.negotiated("http/1.1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, c.address, c.config("h3"), nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.CloseWithError(0, "a text that no ledger may hold")
	l := c.end()
	if l.Accepted != 5 || l.Rejected != 5 || l.Reasons[unanswered] != 4 || l.Reasons[closedByApplication] != 1 {
		t.Errorf("ledger: %+v", l)
	}
}
