package gateway

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/tlslab/tlslab/handshake/server"
)

// Which handshakes see that the list was swapped is what the config decides.
func TestOfferByConfig(t *testing.T) {
	for config, want := range map[string]string{"": "h2", "none": "h2", "static": "h2", "clone": "http/1.1", "swapped": "http/1.1"} {
		g, c := in(t, Settings{Gateway: server.Gateway{Config: config}})
		if got := c.negotiated("h2", "http/1.1"); got != "h2" {
			t.Errorf("config %q: got %q before the swap", config, got)
		}
		g.Offer([]string{"http/1.1", "h2"})
		if got := c.negotiated("h2", "http/1.1"); got != want {
			t.Errorf("config %q: got %q after the swap, want %q", config, got, want)
		}
	}
}

func TestBadSettings(t *testing.T) {
	for _, tt := range []Settings{
		{Gateway: server.Gateway{Config: "gopher"}},
		{Gateway: server.Gateway{Prefer: "gopher"}},
		{Gateway: server.Gateway{Handshakes: -1}},
		{Gateway: server.Gateway{Config: "static", Prefer: preferHealth}},
		{Gateway: server.Gateway{Config: "static"}, Reloads: true},
		{Ledger: server.NewLedger()},
	} {
		c := &child{t: t}
		config := c.serverConfig()
		config.Certificates = nil
		if _, err := New(Sockets{}, config, tt); err == nil {
			t.Errorf("%+v was accepted", tt)
		}
	}
}

// A non-nil TLSNextProto without h2 disables HTTP/2: what the client negotiated is then closed.
func TestNextProto(t *testing.T) {
	_, c := in(t, Settings{NextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}})
	if _, _, err := c.get("h2", "/"); err == nil {
		t.Error("h2 was served")
	}
	if is := c.identity("http/1.1"); is.Protocol != "HTTP/1.1" {
		t.Errorf("got %+v", is)
	}
}

// Where quic-go cannot serve, a gateway says so instead of failing every handshake.
func TestNoQUICWithoutTokens(t *testing.T) {
	if sealsTokens() == nil {
		t.Skip("quic-go serves in this build")
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	if _, err := New(Sockets{UDP: udp}, &tls.Config{}, Settings{}); err == nil {
		t.Error("it was opened all the same")
	}
}
