package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
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

// listen opens the sockets of a gateway in the process.
func (c *child) listen() Sockets {
	c.t.Helper()
	c.t.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	for range 16 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			c.t.Fatal(err)
		}
		c.address = tcp.Addr().String()
		if sealsTokens() != nil {
			return Sockets{TCP: tcp}
		}
		udp, err := net.ListenPacket("udp", c.address)
		if err == nil {
			c.t.Cleanup(func() { udp.Close() })
			return Sockets{tcp, udp}
		}
		tcp.Close()
	}
	c.t.Fatal("no port is free for both TCP and UDP")
	return Sockets{}
}

func authority(t testing.TB) *pki.Authority {
	t.Helper()
	a, err := pki.New(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// in starts a gateway in the process, without a control channel.
func in(t *testing.T, settings Settings) (*Gateway, *child) {
	t.Helper()
	c := &child{t: t, authority: authority(t)}
	sockets := c.listen() // closed after the gateway
	return serveFor(t, sockets, c.serverConfig("h2", "http/1.1"), settings), c
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

// A key that is taken away opens no ticket more, whatever copies of the config there are.
func TestTicketKeysReachEveryConfig(t *testing.T) {
	for _, how := range []string{"none", "static", "clone", "swapped"} {
		for _, protocol := range []string{"http/1.1", "h3"} {
			c := &child{t: t, authority: authority(t)}
			config := c.serverConfig("http/1.1")
			config.SetSessionTicketKeys([][32]byte{{1}})
			sockets := c.listen()
			serveFor(t, sockets, config, Settings{Gateway: server.Gateway{Config: how}})
			job := c.job(handshake.Resumed, protocol, 1)
			job.Load.Workers = 1
			engine, err := dialers[job.Dialer](job)
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close()
			if err := engine.Fill(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, want := range []struct{ key, resumed byte }{{1, 1}, {2, 0}, {2, 1}} {
				config.SetSessionTicketKeys([][32]byte{{want.key}})
				r, err := loadgen.Run(t.Context(), engine, job.Load, 1)
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Ledger.Shape.Resumed; r.Ledger.Confirmed != 1 || got != uint64(want.resumed) {
					t.Errorf("%s, %s: key %d: got %+v, want %d resumed", how, protocol, want.key, r.Ledger, want.resumed)
				}
			}
		}
	}
}
