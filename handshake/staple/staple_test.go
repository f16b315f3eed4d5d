package staple_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/tlslab/tlslab/handshake/staple"
)

// staples are all that a server may come by, and what a client must make of them.
func staples(t testing.TB, a *authority, leaf *x509.Certificate) map[string]struct {
	bytes []byte
	want  error
} {
	r := a.responder(t)
	now := time.Now()
	fresh := good(t, r, leaf)
	tampered := append([]byte{}, fresh...)
	tampered[len(tampered)-1] ^= 1
	foreign := newAuthority(t, "foreign root")
	namesake := root(t, a.certificate.Subject.CommonName, 2)
	revoked := a.responder(t)
	revoked.Set(leaf.SerialNumber, staple.Revoked)
	later := now.Add(time.Hour)
	signing := a.delegate(t, x509.ExtKeyUsageOCSPSigning, later)
	expired := a.delegate(t, x509.ExtKeyUsageOCSPSigning, now.Add(-time.Hour))
	other := a.leaf(t, 8)
	by := func(d *authority) []byte {
		return good(t, respond(t, staple.Signer{Issuer: a.certificate, Delegate: d.certificate, Key: d.key}), leaf)
	}
	return map[string]struct {
		bytes []byte
		want  error
	}{
		"good":                       {fresh, nil},
		"good, by a delegate":        {by(signing), nil},
		"missing":                    {nil, staple.ErrMissing},
		"no DER":                     {[]byte("no DER"), staple.ErrMalformed},
		"cut short":                  {fresh[:len(fresh)-1], staple.ErrMalformed},
		"more than it":               {append(fresh[:len(fresh):len(fresh)], 0), staple.ErrMalformed},
		"an error":                   {ocsp.TryLaterErrorResponse, staple.ErrMalformed},
		"another issuer":             {good(t, foreign.responder(t), leaf), staple.ErrIssuer},
		"an issuer of the same name": {good(t, namesake.responder(t), leaf), staple.ErrIssuer},
		"another serial":             {good(t, r, other.certificate), staple.ErrSerial},
		"tampered":                   {tampered, staple.ErrUnsigned},
		"an impostor":                {good(t, respond(t, staple.Signer{Issuer: a.certificate, Key: foreign.key}), leaf), staple.ErrUnsigned},
		"a leaf that signs for it":   {by(other), staple.ErrUnsigned},
		"a delegate that expired":    {by(expired), staple.ErrUnsigned},
		"a delegate of another":      {by(foreign.delegate(t, x509.ExtKeyUsageOCSPSigning, later)), staple.ErrUnsigned},
		"stale":                      {said(t, r, leaf, now.Add(-2*time.Hour)), staple.ErrStale},
		"not yet":                    {said(t, r, leaf, now.Add(time.Minute)), staple.ErrEarly},
		"revoked":                    {said(t, revoked, leaf, now), staple.ErrRevoked},
		"unknown":                    {said(t, a.responder(t), leaf, now), staple.ErrUnknown},
	}
}

func TestCheck(t *testing.T) {
	a := newAuthority(t, "root")
	leaf := a.leaf(t, 7).certificate
	for name, tt := range staples(t, a, leaf) {
		if err := staple.Check(tt.bytes, leaf, a.certificate, time.Now()); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// A client that demands staples refuses what Check refuses; the client of crypto/tls, as it is, accepts all of it from
// a server that must staple.
func TestDemand(t *testing.T) {
	a := newAuthority(t, "root")
	server := a.leaf(t, 7)
	plain := &tls.Config{RootCAs: a.pool(), ServerName: "server.lab.example"}
	unverified := &tls.Config{InsecureSkipVerify: true}
	for name, tt := range staples(t, a, server.certificate) {
		c := server.tls()
		c.OCSPStaple = tt.bytes
		if err := connect(t, c, plain); err != nil {
			t.Errorf("%s: a client as it is: %v", name, err)
		}
		if err := connect(t, c, staple.Demand(plain)); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		if err := connect(t, c, staple.Demand(unverified, newAuthority(t, "x").certificate, a.certificate)); !errors.Is(err, tt.want) {
			t.Errorf("%s: with an issuer that is named: got %v, want %v", name, err, tt.want)
		}
	}
	c := server.tls()
	c.OCSPStaple = good(t, a.responder(t), server.certificate)
	if err := connect(t, c, staple.Demand(unverified)); !errors.Is(err, staple.ErrIssuer) {
		t.Errorf("without an issuer: got %v", err)
	}
}

func TestDemandKeepsVerifyConnection(t *testing.T) {
	a := newAuthority(t, "root")
	server := a.leaf(t, 7)
	no := errors.New("no")
	config := &tls.Config{
		RootCAs: a.pool(), ServerName: "server.lab.example",
		VerifyConnection: func(tls.ConnectionState) error { return no },
	}
	if err := connect(t, server.tls(), staple.Demand(config)); !errors.Is(err, no) {
		t.Errorf("got %v, want %v", err, no)
	}
}

// A session outlives the staple that it began with.
func TestDemandOnResumption(t *testing.T) {
	a := newAuthority(t, "root")
	server := a.leaf(t, 7)
	c := server.tls()
	c.OCSPStaple = good(t, a.responder(t), server.certificate)
	at := time.Now()
	config := staple.Demand(&tls.Config{
		RootCAs: a.pool(), ServerName: "server.lab.example",
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
		Time:               func() time.Time { return at },
	})
	l := listen(t, c)
	for _, tt := range []struct {
		after   time.Duration
		resumed bool
		want    error
	}{{0, false, nil}, {time.Minute, true, nil}, {2 * time.Hour, true, staple.ErrStale}} {
		at = time.Now().Add(tt.after)
		resumed, err := dial(l, config)
		if !errors.Is(err, tt.want) || err == nil && resumed != tt.resumed {
			t.Errorf("after %v: got resumed %t, %v; want %t, %v", tt.after, resumed, err, tt.resumed, tt.want)
		}
	}
}

func TestResponderRefusesKeys(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := staple.NewResponder(staple.Signer{Issuer: newAuthority(t, "root").certificate, Key: key}, time.Hour); err == nil {
		t.Error("got a responder with an Ed25519 key, want an error")
	}
}

// FuzzCheck has anything for a staple, beginning with what an attacker may hold. Nothing of that becomes good.
func FuzzCheck(f *testing.F) {
	a := newAuthority(f, "root")
	leaf := a.leaf(f, 7).certificate
	for name, s := range staples(f, a, leaf) {
		switch name {
		case "cut short", "more than it", "tampered": // from a good one, to which a byte leads back
		default:
			if s.want != nil {
				f.Add(s.bytes)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if staple.Check(b, leaf, a.certificate, time.Now()) == nil {
			t.Error("good, and nobody has signed that")
		}
	})
}

// connect is one handshake with a server that has a certificate.
func connect(t *testing.T, c tls.Certificate, config *tls.Config) error {
	t.Helper()
	_, err := dial(listen(t, c), config)
	return err
}

// listen is a server that closes connections after the handshake.
func listen(t testing.TB, c tls.Certificate) net.Addr {
	return listenWith(t, &tls.Config{Certificates: []tls.Certificate{c}})
}

func listenWith(t testing.TB, config *tls.Config) net.Addr {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-served })
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake()
			c.Close()
		}
	}()
	return l.Addr()
}

// dial reads until the server closes, so that a session ticket is taken.
func dial(to net.Addr, config *tls.Config) (resumed bool, err error) {
	c, err := tls.Dial("tcp", to.String(), config)
	if err != nil {
		return false, err
	}
	defer c.Close()
	_, _ = c.Read(make([]byte, 1))
	return c.ConnectionState().DidResume, nil
}
