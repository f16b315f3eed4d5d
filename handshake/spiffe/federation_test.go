package spiffe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

func publish(t *testing.T, d *Domain, profile *tls.Config) *Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e, err := Publish(l, d, profile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// heard is what a follower was told.
type heard struct {
	bundles  chan *spiffebundle.Bundle
	failures chan error
}

func followed(t *testing.T, f Foreign) heard {
	t.Helper()
	h := heard{make(chan *spiffebundle.Bundle, 64), make(chan error, 64)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Follow(ctx, f, func(b *spiffebundle.Bundle) { h.bundles <- b }, func(err error) {
			select {
			case h.failures <- err:
			default:
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the follower ended with %v", err)
		}
	})
	return h
}

func next[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(never):
		t.Fatal("nothing came")
	}
	return v
}

func webServer(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	authority, err := pki.New(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.Server("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(leaf.Certificate, leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Roots())
	return WebProfile(certificate), roots
}

func TestFollowWeb(t *testing.T) {
	d := newTestDomain(t, "foreign.example")
	profile, roots := webServer(t)
	e := publish(t, d, profile)
	h := followed(t, Foreign{Domain: d.Name(), URL: e.URL(), Roots: roots, Refresh: 10 * time.Millisecond})
	if got := next(t, h.bundles); !got.Equal(d.Bundle()) {
		t.Error("the bundle that came is not the domain's")
	}
	if err := d.Prepare(time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := next(t, h.bundles); len(got.X509Authorities()) != 2 || len(got.JWTAuthorities()) != 2 {
		t.Errorf("%d authorities, want the prepared one, too", len(got.X509Authorities()))
	}
}

// TestFollowSPIFFE has the endpoint's own authority change, overlapping: the follower must keep up.
func TestFollowSPIFFE(t *testing.T) {
	d := newTestDomain(t, "foreign.example")
	source := &Memory{}
	source.Set(newIdentity(t, d, "/bundles"))
	e := publish(t, d, SPIFFEProfile(source))
	id, _ := d.ID("/bundles")
	h := followed(t, Foreign{Domain: d.Name(), URL: e.URL(), Endpoint: id, First: d.Bundle().X509Bundle(), Refresh: 10 * time.Millisecond})
	next(t, h.bundles)
	if err := d.Prepare(time.Now()); err != nil {
		t.Fatal(err)
	}
	next(t, h.bundles)
	d.Activate()
	source.Set(newIdentity(t, d, "/bundles"))
	d.Retire()
	if got := next(t, h.bundles); len(got.X509Authorities()) != 1 {
		t.Errorf("%d authorities, want the new one", len(got.X509Authorities()))
	}
}

func TestFollowRefuses(t *testing.T) {
	d, impostor := newTestDomain(t, "foreign.example"), newTestDomain(t, "foreign.example")
	source := &Memory{}
	source.Set(newIdentity(t, impostor, "/bundles"))
	e := publish(t, impostor, SPIFFEProfile(source))
	endpoint, _ := d.ID("/bundles")
	other, _ := d.ID("/other")
	for name, f := range map[string]Foreign{
		"an impostor":      {Endpoint: endpoint, First: d.Bundle().X509Bundle()},
		"nothing to go by": {Endpoint: endpoint},
		"another endpoint": {Endpoint: other, First: impostor.Bundle().X509Bundle()},
		"the web's roots":  {Roots: x509.NewCertPool()},
	} {
		f.Domain, f.URL = d.Name(), e.URL()
		h := followed(t, f)
		next(t, h.failures)
		if len(h.bundles) != 0 {
			t.Errorf("%s: a bundle was taken", name)
		}
	}
}

func TestFollowerComesBack(t *testing.T) {
	d := newTestDomain(t, "foreign.example")
	d.Hint(time.Hour)
	w := &follower{foreign: Foreign{Retry: time.Second}}
	w.OnError(errors.New("away"))
	for _, want := range []time.Duration{time.Second, time.Hour} {
		if got := w.NextRefresh(time.Hour); got != want {
			t.Errorf("next after %v, want %v", got, want)
		}
	}
	if got := w.NextRefresh(0); got != 5*time.Minute {
		t.Errorf("next after %v without any hint", got)
	}
}

func TestFollowerRefusesAnOlderBundle(t *testing.T) {
	d := newTestDomain(t, "foreign.example")
	older := d.Bundle()
	d.Hint(time.Hour)
	var taken, failed int
	w := &follower{update: func(*spiffebundle.Bundle) { taken++ }, failed: func(error) { failed++ }}
	w.OnUpdate(d.Bundle())
	w.OnUpdate(older)
	w.OnUpdate(d.Bundle())
	if taken != 2 || failed != 1 {
		t.Errorf("took %d, refused %d, want 2 and 1", taken, failed)
	}
}

// TestFederatedHandshake exchanges two bundles by their endpoints and has workloads of both domains meet.
func TestFederatedHandshake(t *testing.T) {
	a := startAgent(t, AgentOptions{Domain: newTestDomain(t, "a.example"), Entries: []Entry{{Path: "/server", UID: -1}}})
	b := startAgent(t, AgentOptions{Domain: newTestDomain(t, "b.example"), Entries: []Entry{{Path: "/client", UID: -1}}})
	server, client := dial(t, a, "/server"), dial(t, b, "/client")
	s, err := ServerConfig(server, tlsconfig.AuthorizeAny(), Off)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ClientConfig(client, tlsconfig.AuthorizeAny(), Off)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := meet(t, s, c); err == nil {
		t.Fatal("strangers met")
	}
	exchange(t, a, b)
	exchange(t, b, a)
	trusts := func(l *Live, d *Domain) func() bool {
		return func() bool { _, err := l.GetX509BundleForTrustDomain(d.Name()); return err == nil }
	}
	until(t, server, trusts(server, b.options.Domain))
	until(t, client, trusts(client, a.options.Domain))
	if _, err := meet(t, s, c); err != nil {
		t.Errorf("federated: %v", err)
	}
	a.Unfederate("b.example")
	until(t, server, func() bool { return !trusts(server, b.options.Domain)() })
	if _, err := meet(t, s, c); err == nil {
		t.Error("a foreigner was admitted after the federation ended")
	}
}

// exchange has one agent federate with another's domain, by its endpoint.
func exchange(t *testing.T, to, from *Agent) {
	t.Helper()
	profile, roots := webServer(t)
	e := publish(t, from.options.Domain, profile)
	h := followed(t, Foreign{Domain: from.options.Domain.Name(), URL: e.URL(), Roots: roots})
	to.Federate(next(t, h.bundles))
}
