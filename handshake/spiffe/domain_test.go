package spiffe

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/tlslab/tlslab/handshake"
)

func newIdentity(t *testing.T, d *Domain, path string) *x509svid.SVID {
	t.Helper()
	svid, err := d.SVID(path, 7, time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return svid
}

func TestEverySchemeMakesIdentities(t *testing.T) {
	for _, sig := range []handshake.Signature{handshake.ECDSAP256, handshake.ECDSAP384, handshake.Ed25519, handshake.RSAPSS2048} {
		d, err := NewDomain("lab.example", sig, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		svid := newIdentity(t, d, "/server")
		chain, key, err := svid.MarshalRaw()
		if err != nil {
			t.Fatal(err)
		}
		if svid, err = x509svid.ParseRaw(chain, key); err != nil { // what a client checks
			t.Fatalf("%v: %v", sig, err)
		}
		if got := handshake.SignatureOf(svid.Certificates[0]); got != sig {
			t.Errorf("leaf signs by %v, want %v", got, sig)
		}
		if _, _, err := x509svid.Verify(svid.Certificates, d); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
		token, err := d.JWT("/server", []string{"them"}, time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := jwtsvid.ParseAndValidate(token, d, []string{"them"}); err != nil || got.ID != svid.ID {
			t.Errorf("%v: token of %v, %v", sig, got, err)
		}
	}
}

func TestNoDomain(t *testing.T) {
	for _, name := range []string{"", "UPPER", "a b", "spiffe://x/y/"} {
		if _, err := NewDomain(name, handshake.ECDSAP256, time.Now()); err == nil {
			t.Errorf("%q became a trust domain", name)
		}
	}
	if _, err := NewDomain("lab.example", 0, time.Now()); err == nil {
		t.Error("a domain without a signature scheme")
	}
}

func TestNoIdentity(t *testing.T) {
	d := newTestDomain(t, "lab.example")
	for _, path := range []string{"", "server", "/a//b", "/../x", "/server/"} {
		if _, err := d.SVID(path, 1, time.Now(), time.Now().Add(time.Hour)); err == nil {
			t.Errorf("path %q became an identity", path)
		}
		if _, err := d.JWT(path, []string{"them"}, time.Now()); err == nil {
			t.Errorf("path %q became a token", path)
		}
	}
	if _, err := d.JWT("/server", nil, time.Now()); err == nil {
		t.Error("a token for nobody")
	}
}

// TestOverlap walks through prepare, activate and retire, and asks at each step which identities are good.
func TestOverlap(t *testing.T) {
	d := newTestDomain(t, "lab.example")
	good := func(svids ...*x509svid.SVID) (verdicts []bool) {
		for _, s := range svids {
			_, _, err := x509svid.Verify(s.Certificates, d)
			verdicts = append(verdicts, err == nil)
		}
		return verdicts
	}
	check := func(step string, authorities int, got, want []bool) {
		t.Helper()
		if n := len(d.Bundle().X509Authorities()); n != authorities || len(d.Bundle().JWTAuthorities()) != n {
			t.Errorf("%s: %d authorities, want %d", step, n, authorities)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: good %v, want %v", step, got, want)
		}
	}
	first := newIdentity(t, d, "/server")
	if err := d.Prepare(time.Now()); err != nil {
		t.Fatal(err)
	}
	if d.Prepare(time.Now()) == nil {
		t.Error("two authorities are prepared")
	}
	before := newIdentity(t, d, "/server")
	check("prepared", 2, good(first, before), []bool{true, true})
	d.Activate()
	after := newIdentity(t, d, "/server")
	check("activated", 2, good(first, before, after), []bool{true, true, true})
	d.Retire()
	check("retired", 1, good(first, before, after), []bool{false, false, true})
	d.Activate()
	d.Retire()
	check("again", 1, good(after), []bool{true})
}

func TestBundleIsACopyAndCounts(t *testing.T) {
	d := newTestDomain(t, "lab.example")
	changed := d.Changed()
	first, _ := d.Bundle().SequenceNumber()
	d.Bundle().SetX509Authorities(nil)
	if d.Bundle().Empty() {
		t.Error("who has the bundle can change the domain")
	}
	d.Hint(time.Minute)
	<-changed
	second, _ := d.Bundle().SequenceNumber()
	if hint, ok := d.Bundle().RefreshHint(); !ok || hint != time.Minute || second != first+1 {
		t.Errorf("hint %v %v, sequence %d after %d", hint, ok, second, first)
	}
}

// TestCrossSigned is an identity whose chain reaches a root that is trusted for another domain.
func TestCrossSigned(t *testing.T) {
	ours, foreign := newTestDomain(t, "lab.example"), newTestDomain(t, "foreign.example")
	svid, err := ours.CrossSign(foreign, "/intruder", 1, time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ours.Bundle().X509Authorities()[0])
	between.AddCert(svid.Certificates[1])
	options := x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := svid.Certificates[0].Verify(options); err != nil {
		t.Fatalf("the chain does not reach the root: %v", err) // and the test would show nothing
	}
	if _, _, err := x509svid.Verify(svid.Certificates, ours); err == nil {
		t.Error("a foreign identity is good by our own root")
	}
	both := x509bundle.NewSet(ours.Bundle().X509Bundle(), foreign.Bundle().X509Bundle())
	if _, _, err := x509svid.Verify(svid.Certificates, both); err != nil {
		t.Errorf("where the domains federate: %v", err)
	}
}
