package spiffe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// Endpoint serves a domain's bundle over HTTPS, to anybody (SPIFFE Federation, section 5).
type Endpoint struct {
	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

// SPIFFEProfile is the profile https_spiffe: the endpoint shows an identity, the source's.
func SPIFFEProfile(s x509svid.Source) *tls.Config { return atLeast13(tlsconfig.TLSServerConfig(s)) }

// WebProfile is the profile https_web: the endpoint shows a certificate for its host name.
func WebProfile(c tls.Certificate) *tls.Config {
	return atLeast13(&tls.Config{Certificates: []tls.Certificate{c}})
}

func atLeast13(c *tls.Config) *tls.Config {
	c.MinVersion = tls.VersionTLS13
	return c
}

// Publish serves the domain's bundle on a listener, at every path, until the endpoint is closed. A connection serves
// one request: a follower's client makes a new one for each, and would leave them open.
func Publish(l net.Listener, d *Domain, profile *tls.Config) (*Endpoint, error) {
	handler, err := federation.NewHandler(d.name, d)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{listener: l, done: make(chan struct{}), server: &http.Server{
		Handler:           handler,
		TLSConfig:         profile,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		MaxHeaderBytes:    largestHeaders,
		ErrorLog:          silent(),
	}}
	e.server.SetKeepAlivesEnabled(false)
	go func() {
		defer close(e.done)
		_ = e.server.ServeTLS(l, "", "") // ends with Close
	}()
	return e, nil
}

// URL is where the bundle is, by the listener's address.
func (e *Endpoint) URL() string { return "https://" + e.listener.Addr().String() }

// Close ends the endpoint and its connections.
func (e *Endpoint) Close() error {
	err := e.server.Close()
	<-e.done
	return err
}

// Foreign is a trust domain whose bundle is followed.
type Foreign struct {
	Domain   spiffeid.TrustDomain
	URL      string
	Endpoint spiffeid.ID        // that serves it, for https_spiffe; zero for https_web
	First    *x509bundle.Bundle // by which the endpoint is verified before anything was fetched, for https_spiffe
	Roots    *x509.CertPool     // by which it is verified for https_web; nil: the system's
	Refresh  time.Duration      // where the bundle has no hint; zero: 5 min
	Retry    time.Duration      // after a fetch that failed, unless the refresh is sooner; zero: 1 s
}

// Follow fetches the foreign bundle as often as its refresh hint says, and tells every change and every failure, until
// the context ends. With https_spiffe each bundle verifies the endpoint of the next fetch. A fetch has no time limit
// of its own.
func Follow(ctx context.Context, f Foreign, update func(*spiffebundle.Bundle), failed func(error)) error {
	w := &follower{foreign: f, update: update, failed: failed, trusted: x509bundle.NewSet()}
	option := federation.WithWebPKIRoots(f.Roots)
	if !f.Endpoint.IsZero() {
		if f.First != nil {
			w.trusted.Add(f.First)
		}
		option = federation.WithSPIFFEAuth(w.trusted, f.Endpoint)
	}
	return federation.WatchBundle(ctx, f.Domain, f.URL, w, option)
}

// follower is go-spiffe's [federation.BundleWatcher]; it is called from one goroutine.
type follower struct {
	foreign Foreign
	update  func(*spiffebundle.Bundle)
	failed  func(error)
	trusted *x509bundle.Set
	newest  uint64 // sequence number
	missed  bool   // the last fetch failed
}

func (w *follower) NextRefresh(hint time.Duration) time.Duration {
	next := positive(hint, positive(w.foreign.Refresh, 5*time.Minute))
	if w.missed {
		next = min(next, positive(w.foreign.Retry, time.Second))
	}
	w.missed = false
	return next
}

// OnUpdate passes a bundle on, unless it is older than one before (SPIFFE Federation, section 4.2), which go-spiffe does
// not look at.
func (w *follower) OnUpdate(b *spiffebundle.Bundle) {
	if sequence, ok := b.SequenceNumber(); ok {
		if sequence < w.newest {
			w.OnError(fmt.Errorf("bundle of %s: number %d came after %d", b.TrustDomain(), sequence, w.newest))
			return
		}
		w.newest = sequence
	}
	if w.foreign.Endpoint.MemberOf(b.TrustDomain()) {
		w.trusted.Add(b.X509Bundle())
	}
	w.update(b)
}

func (w *follower) OnError(err error) {
	w.missed = true
	if w.failed != nil {
		w.failed(err)
	}
}

// silent takes what net/http has to say of connections that fail.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }
