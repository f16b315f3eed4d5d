package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
)

// patience is how long requests under way may go on once the gateway is told to end.
const patience = 500 * time.Millisecond

// App is the gateway as a [server.App].
type App struct{}

// Serve is described at [server.App].
func (App) Serve(ctx context.Context, s *server.Stage) error {
	if s.Settings.Live {
		return errors.New("live: the app gateway counts connections, and no calls over them")
	}
	settings := Settings{Ledger: s.Ledger, Leaf: s.Leaf, Reloads: s.Settings.Reload != nil}
	if s.Settings.Gateway != nil {
		settings.Gateway = *s.Settings.Gateway
	}
	return Serve(ctx, Sockets{s.TCP, s.UDP}, s.Config, settings)
}

// Sockets are what a gateway listens on.
type Sockets struct {
	TCP net.Listener
	UDP net.PacketConn // on the port of TCP; nil: no HTTP/3. Whoever opened it closes it
}

// Settings are those of a gateway in this process. The zero value serves.
type Settings struct {
	server.Gateway
	Ledger  *server.Ledger    // nil: nobody counts
	Leaf    *x509.Certificate // for the ledger; nil: the config's
	Reloads bool              // the config's callbacks give each handshake a config of its own
	// NextProto, unless nil, is the TLSNextProto of the http.Server as it is: without an entry for h2 there is no
	// HTTP/2, and a negotiated protocol without an entry is closed.
	NextProto map[string]func(*http.Server, *tls.Conn, http.Handler)
}

// Gateway serves one pair of sockets.
type Gateway struct {
	Sockets
	Settings
	config *tls.Config              // for TCP
	order  atomic.Pointer[[]string] // ALPN protocols of handshakes that begin now
	newest atomic.Pointer[derived]
	slots  chan struct{} // nil: any number of handshakes at once
	altSvc string        // empty: no HTTP/3

	accepting sync.WaitGroup // where not net/http itself does
	visits    sync.WaitGroup
}

// Serve serves until ctx ends, then closes the TCP listener and waits for its goroutines.
func Serve(ctx context.Context, sockets Sockets, config *tls.Config, settings Settings) error {
	g, err := New(sockets, config, settings)
	if err != nil {
		return err
	}
	return g.Serve(ctx)
}

// New makes a gateway of a config, whose callbacks it wraps: nobody else may use the config afterwards, but for its
// ticket keys.
func New(sockets Sockets, config *tls.Config, settings Settings) (*Gateway, error) {
	g := &Gateway{Sockets: sockets, Settings: settings}
	if g.Leaf == nil && len(config.Certificates) > 0 {
		g.Leaf = config.Certificates[0].Leaf
	}
	if g.Leaf == nil && g.Ledger != nil {
		return nil, errors.New("no leaf to count handshakes with")
	}
	if g.Handshakes < 0 {
		return nil, fmt.Errorf("%d handshakes at once: want 0 or more", g.Handshakes)
	}
	if g.Handshakes > 0 {
		g.slots = make(chan struct{}, g.Handshakes)
	}
	if sockets.UDP != nil {
		if err := sealsTokens(); err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(sockets.UDP.LocalAddr().String())
		if err != nil {
			return nil, err
		}
		g.altSvc = fmt.Sprintf(`h3=":%s"; ma=3600`, port)
	}
	g.Offer(config.NextProtos)
	return g, g.configure(config)
}

// Offer makes protocols the ALPN list of the handshakes whose ClientHello arrives from now on. It takes effect where the
// settings let a handshake's config depend on anything: with Config clone and swapped, and with Prefer. Protocols that
// the list of the beginning does not have are not served.
func (g *Gateway) Offer(protocols []string) { g.order.Store(&protocols) }

// Serve serves until ctx ends, then closes the TCP listener and waits for its goroutines.
func (g *Gateway) Serve(ctx context.Context) error {
	serving, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	run := func(serve func(context.Context) error) {
		running.Go(func() { cancel(serve(serving)) }) // the first that ends, ends all
	}
	run(g.serveTCP)
	if g.UDP != nil {
		run(g.serveQUIC)
	}
	if g.Prefer == preferHealth {
		run(g.follow)
	}
	running.Wait()
	g.visits.Wait()
	if err := context.Cause(serving); ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
