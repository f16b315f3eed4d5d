package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server"
)

const name = "edge.example.test"

// child is a gateway behind its control channel, as the lab sees it, but in this process.
type child struct {
	t         testing.TB
	in        io.WriteCloser
	out       *json.Decoder
	ended     chan error
	address   string
	authority *pki.Authority
	roots     *x509.CertPool
}

// start starts a gateway; shape changes its settings.
func start(t testing.TB, shape func(*server.Settings, *pki.Authority)) *child {
	t.Helper()
	t.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	a := authority(t)
	s := server.Settings{App: "gateway", ALPN: []string{"h2", "http/1.1"}, Tickets: true, UDP: sealsTokens() == nil, ClientCAs: a.Roots()}
	pair := leaf(t, a, 1)
	s.Certificate, s.Key = pair.Certificate, pair.Key
	if shape != nil {
		shape(&s, a)
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &child{t: t, in: inW, out: json.NewDecoder(outR), ended: make(chan error, 1), authority: a, roots: x509.NewCertPool()}
	c.roots.AppendCertsFromPEM(a.Roots())
	go func() {
		err := server.Control(context.Background(), inR, outW, map[string]server.App{"gateway": App{}})
		outW.CloseWithError(io.EOF)
		c.ended <- err
	}()
	c.address = c.say(s).Hello.Address
	t.Cleanup(func() {
		inW.Close()
		if err := <-c.ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

// needQUIC skips where quic-go cannot serve.
func needQUIC(t testing.TB) {
	t.Helper()
	if err := sealsTokens(); err != nil {
		t.Skip(err)
	}
}

// leaf is a server's certificate of a generation.
func leaf(t testing.TB, a *pki.Authority, generation uint64) pki.Pair {
	t.Helper()
	pair, err := a.Leaf(pki.Request{
		Names: []string{name, "127.0.0.1"}, Serial: generation, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func (c *child) say(line any) (r server.Reply) {
	c.t.Helper()
	if err := json.NewEncoder(c.in).Encode(line); err != nil {
		c.t.Fatal(err)
	}
	if err := c.out.Decode(&r); err != nil {
		c.t.Fatal(errors.Join(err, <-c.ended))
	}
	if r.Error != "" {
		c.t.Fatal(r.Error)
	}
	return r
}

func (c *child) begin() { c.t.Helper(); c.say(server.Request{Do: "begin"}) }

func (c *child) end() handshake.ServerLedger {
	c.t.Helper()
	return c.say(server.Request{Do: "end"}).Report.Ledger
}

// config is a client's; the protocol "" is none.
func (c *child) config(protocols ...string) *tls.Config {
	protocols = slices.DeleteFunc(protocols, func(p string) bool { return p == "" })
	return &tls.Config{RootCAs: c.roots, ServerName: name, NextProtos: protocols}
}

// serverConfig is that of a gateway in the process.
func (c *child) serverConfig(protocols ...string) *tls.Config {
	c.t.Helper()
	if c.authority == nil {
		return &tls.Config{NextProtos: protocols}
	}
	c.roots = x509.NewCertPool()
	c.roots.AppendCertsFromPEM(c.authority.Roots())
	pair := leaf(c.t, c.authority, 1)
	served, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		c.t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{served}, NextProtos: protocols}
}

// negotiated is the protocol of a handshake whose client offers some.
func (c *child) negotiated(offer ...string) string {
	c.t.Helper()
	conn, err := tls.Dial("tcp", c.address, c.config(offer...))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().NegotiatedProtocol
}

// get asks once with a stock client for a protocol, "" for one without ALPN, and closes the connection.
func (c *child) get(protocol, path string) (response *http.Response, body []byte, err error) {
	var client http.Client
	if protocol == "h3" {
		needQUIC(c.t)
		transport := &http3.Transport{TLSClientConfig: c.config()}
		defer transport.Close()
		client.Transport = transport
	} else {
		transport := &http.Transport{TLSClientConfig: c.config(protocol), Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP1(protocol != "h2")
		transport.Protocols.SetHTTP2(protocol == "h2")
		defer transport.CloseIdleConnections()
		client.Transport = transport
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.address+path, nil)
	if err != nil {
		return nil, nil, err
	}
	if response, err = client.Do(request); err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response, body, err
}

// identity asks a stock client's connection what it is.
func (c *child) identity(protocol string) (is Identity) {
	c.t.Helper()
	_, body, err := c.get(protocol, "/identity")
	if err != nil {
		c.t.Fatalf("%s: %v", protocol, err)
	}
	if err := json.Unmarshal(body, &is); err != nil {
		c.t.Fatalf("%s: %v", protocol, err)
	}
	return is
}

func TestEveryProtocolAnswers(t *testing.T) {
	c := start(t, nil)
	c.begin()
	for _, tt := range [][2]string{{"http/1.1", "HTTP/1.1"}, {"h2", "HTTP/2.0"}, {"h3", "HTTP/3.0"}} {
		protocol, want := tt[0], tt[1]
		response, body, err := c.get(protocol, "/")
		if err != nil {
			t.Errorf("%s: %v", protocol, err)
			continue
		}
		if response.StatusCode != http.StatusNoContent || len(body) != 0 || response.Proto != want {
			t.Errorf("%s: got %s with %d bytes by %s", protocol, response.Status, len(body), response.Proto)
		}
		if got := response.Header.Get("Alt-Svc") != ""; got != (protocol != "h3" && sealsTokens() == nil) {
			t.Errorf("%s: got Alt-Svc %q", protocol, response.Header.Get("Alt-Svc"))
		}
		is := c.identity(protocol)
		if is.Protocol != want || is.ALPN != protocol || is.SNI != name || is.Leaf != 1 || is.TLS != "TLS 1.3" || is.Resumed {
			t.Errorf("%s: got the identity %+v", protocol, is)
		}
	}
	l := c.end()
	if l.Accepted != 6 || l.Completed != 6 || l.Rejected != 0 || l.Shape.ALPN["h3"] != 2 || l.Shape.ALPN["h2"] != 2 {
		t.Errorf("ledger: %+v", l)
	}
}
