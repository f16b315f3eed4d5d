package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/server"
)

// write renames a pair into the place of files.
func write(t *testing.T, f reload.Files, pair pki.Pair) {
	t.Helper()
	for path, text := range map[string][]byte{f.Key: pair.Key, f.Certificate: pair.Certificate} {
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// A new certificate is shown by all three protocols; a session that was granted under the old one is no way around it
// for those who do not resume.
func TestReloadReachesEveryProtocol(t *testing.T) {
	for _, settings := range []*server.Gateway{nil, {Config: "clone"}, {Config: "swapped"}, {Handshakes: 2}} {
		dir := t.TempDir()
		files := reload.Files{Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
		c := start(t, func(s *server.Settings, a *pki.Authority) {
			write(t, files, leaf(t, a, 1))
			s.Reload = &reload.Settings{Strategy: reload.PollShipped, Files: files}
			s.Certificate, s.Key, s.Gateway = nil, nil, settings
		})
		// poll-shipped believes the time of a file: make each one newer than the last
		for generation := range uint64(3) {
			if generation > 0 {
				write(t, files, leaf(t, c.authority, generation+1))
				later := time.Now().Add(time.Duration(generation) * time.Hour)
				for _, path := range []string{files.Key, files.Certificate} {
					if err := os.Chtimes(path, later, later); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, protocol := range []string{"http/1.1", "h2", "h3"} {
				if is := c.identity(protocol); is.Leaf != generation+1 {
					t.Errorf("%+v: %s shows leaf %d, want %d", settings, protocol, is.Leaf, generation+1)
				}
			}
		}
	}
}

// in starts a gateway in the process, without a control channel.
func in(t *testing.T, shape func(*Settings)) (*Gateway, *child) {
	t.Helper()
	c := &child{t: t}
	var err error
	if c.authority, err = pki.New(time.Now(), handshake.ECDSAP256); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address = tcp.Addr().String()
	settings := Settings{}
	shape(&settings)
	config := c.serverConfig("h2", "http/1.1")
	return serveFor(t, Sockets{TCP: tcp}, config, settings), c
}

// serveFor serves until the test ends.
func serveFor(t *testing.T, sockets Sockets, config *tls.Config, settings Settings) *Gateway {
	t.Helper()
	g, err := New(sockets, config, settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return g
}

// Which handshakes see that the list was swapped is what the config decides.
func TestOfferByConfig(t *testing.T) {
	for config, want := range map[string]string{"": "h2", "none": "h2", "static": "h2", "clone": "http/1.1", "swapped": "http/1.1"} {
		g, c := in(t, func(s *Settings) { s.Config = config })
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

// An ill backend's protocol is preferred no more, and again once it is well. Nobody is refused for it.
func TestHealthOrdersTheList(t *testing.T) {
	var ill atomic.Bool
	asked := make(chan struct{}, 1)
	backend := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		select {
		case asked <- struct{}{}:
		default:
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := &http.Server{Handler: backend}
	go served.Serve(listener)
	defer served.Close()
	_, c := in(t, func(s *Settings) {
		s.Prefer, s.Every = preferHealth, 5*time.Millisecond
		s.Health = []server.Backend{{Protocol: "h2", URL: "http://" + listener.Addr().String()}}
	})
	await := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; <-asked {
			if c.negotiated("h2", "http/1.1") == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q was never preferred", want)
			}
		}
	}
	await("h2")
	ill.Store(true)
	await("http/1.1")
	if got := c.negotiated("h2"); got != "h2" {
		t.Errorf("a client that speaks h2 alone got %q", got)
	}
	ill.Store(false)
	await("h2")
}

func TestOrdered(t *testing.T) {
	list := []string{"h2", "http/1.1", "lab"}
	for _, tt := range []struct{ ill, want []string }{
		{nil, list},
		{[]string{"h2"}, []string{"http/1.1", "lab", "h2"}},
		{[]string{"h2", "lab"}, []string{"http/1.1", "h2", "lab"}},
		{list, list},
		{[]string{"h3"}, list},
	} {
		ill := map[string]bool{}
		for _, p := range tt.ill {
			ill[p] = true
		}
		if got := ordered(list, ill); !slices.Equal(got, tt.want) {
			t.Errorf("ill %q: got %q, want %q", tt.ill, got, tt.want)
		}
	}
}

// A non-nil TLSNextProto without h2 disables HTTP/2: what the client negotiated is then closed.
func TestNextProto(t *testing.T) {
	_, c := in(t, func(s *Settings) {
		s.NextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	})
	if _, _, err := c.get("h2", "/"); err == nil {
		t.Error("h2 was served")
	}
	if is := c.identity("http/1.1"); is.Protocol != "HTTP/1.1" {
		t.Errorf("got %+v", is)
	}
}
