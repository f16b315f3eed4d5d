package reload

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// served is a strategy that is told what to serve.
type served struct {
	atomic.Pointer[Identity]
	asked atomic.Int64
}

func (s *served) Identity() (*Identity, error) { s.asked.Add(1); return s.Load(), nil }

func serving(t testing.TB, p Pair) *served {
	t.Helper()
	s := &served{}
	s.Store(understood(t, p).identity)
	return s
}

func (s *served) put(t testing.TB, p Pair) { s.Store(understood(t, p).identity) }

func (s *served) config(auth tls.ClientAuthType) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: auth}
	Apply(config, s)
	return config
}

// Run follows nothing.
func (s *served) Run(context.Context) error { return nil }

// clientOf trusts an authority, presents a leaf of it, and names no server.
func clientOf(t testing.TB, a *testAuthority) *tls.Config {
	t.Helper()
	return clientWith(understood(t, a.issue(t, 1000)).identity)
}

func clientWith(id *Identity) *tls.Config {
	return &tls.Config{
		RootCAs: id.Authorities, ServerName: "127.0.0.1", Certificates: []tls.Certificate{*id.Certificate},
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
}

// Sessions outlive a leaf, and nothing that they were granted under: neither the authorities nor either leaf.
func TestResumption(t *testing.T) {
	a, b, now := newTestAuthority(t, "a"), newTestAuthority(t, "b"), time.Now()
	short := func(generation int64) Pair {
		return a.between(t, generation, now.Add(-time.Hour), now.Add(30*time.Minute))
	}
	for _, test := range []struct {
		name                string
		first, next, client Pair
		after               time.Duration
		want                bool
	}{
		{"nothing changed", a.issue(t, 1), Pair{}, a.issue(t, 9), 0, true},
		{"another leaf", a.issue(t, 1), a.issue(t, 2), a.issue(t, 9), 0, true},
		{"one more authority", a.issue(t, 1), withRoots(a.issue(t, 2), a, b), a.issue(t, 9), 0, false},
		{"another order", withRoots(a.issue(t, 1), a, b), withRoots(a.issue(t, 2), b, a, b), a.issue(t, 9), 0, true},
		{"the server's leaf has expired", short(1), a.issue(t, 2), a.issue(t, 9), 45 * time.Minute, false},
		{"the client's leaf has expired", a.issue(t, 1), a.issue(t, 2), short(9), 45 * time.Minute, false},
	} {
		for _, auth := range []tls.ClientAuthType{tls.RequireAnyClientCert, tls.RequireAndVerifyClientCert} {
			s, at := serving(t, test.first), now
			server, client := s.config(auth), clientWith(understood(t, test.client).identity)
			server.Time = func() time.Time { return at }
			shake(t, server, client)
			if test.next.Certificate != nil {
				s.put(t, test.next)
			}
			at = at.Add(test.after)
			client.Certificates[0] = *understood(t, a.issue(t, 10)).identity.Certificate // for a full handshake
			if got := shake(t, server, client).DidResume; got != test.want {
				t.Errorf("%s, %v: resumed %v, want %v", test.name, auth, got, test.want)
			}
		}
	}
}

func withRoots(p Pair, authorities ...*testAuthority) Pair {
	p.Authorities = nil
	for _, a := range authorities {
		p.Authorities = append(p.Authorities, testPEM(a.root)...)
	}
	return p
}

// A client whose authority is no longer trusted is turned away, with a session and without one.
func TestAuthoritiesOfClients(t *testing.T) {
	a, b := newTestAuthority(t, "a"), newTestAuthority(t, "b")
	s := serving(t, a.issue(t, 1))
	server, client := s.config(tls.RequireAndVerifyClientCert), clientOf(t, a)
	shake(t, server, client)
	next := a.issue(t, 2)
	next.Authorities = testPEM(b.root)
	s.put(t, next)
	if _, err := attempt(t, server, client); err == nil {
		t.Error("a client of an authority that was removed is let in")
	}
	client = clientOf(t, b)
	client.RootCAs = understood(t, a.issue(t, 3)).identity.Authorities
	if got := generation(shake(t, server, client).PeerCertificates[0]); got != 2 {
		t.Errorf("shown generation %d, want 2", got)
	}
}

// A client that names nobody, as all that dial an IP address, gets the new certificate too. What is published in the
// middle of a handshake is for the next one, and whoever has wrapped the callbacks meanwhile sees every handshake.
func TestOneIdentityForAHandshake(t *testing.T) {
	a, b := newTestAuthority(t, "a"), newTestAuthority(t, "b")
	s := serving(t, a.issue(t, 1))
	server := s.config(tls.RequireAndVerifyClientCert)
	choose, wrap, unwrap := server.GetCertificate, server.WrapSession, server.UnwrapSession
	var seen []string
	server.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		seen = append(seen, "certificate")
		s.put(t, b.issue(t, s.next()))
		return choose(hello)
	}
	server.WrapSession = func(peer tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		seen = append(seen, "wrap")
		return wrap(peer, session)
	}
	server.UnwrapSession = func(ticket []byte, peer tls.ConnectionState) (*tls.SessionState, error) {
		seen = append(seen, "unwrap")
		return unwrap(ticket, peer)
	}
	client := clientOf(t, a)
	client.InsecureSkipVerify = true // or it would not offer its session to a server of another authority
	if got := generation(shake(t, server, client).PeerCertificates[0]); got != 1 {
		t.Errorf("shown generation %d, want 1, with which the handshake began", got)
	}
	if _, err := attempt(t, server, client); err == nil {
		t.Error("a session of the authorities before is resumed, or its client let in")
	}
	if want := []string{"certificate", "wrap", "unwrap", "certificate"}; !slices.Equal(seen, want) {
		t.Errorf("the wrappers saw %v, want %v", seen, want)
	}
	if got := s.asked.Load(); got != 2 {
		t.Errorf("two handshakes asked %d times for an identity", got)
	}
}

// next is the generation after the one that is served.
func (s *served) next() int64 { return int64(s.Load().Generation) + 1 }

// Tickets are sealed with the keys that the config has now, whatever it had when an identity was published.
func TestTicketKeysOfTheConfig(t *testing.T) {
	a := newTestAuthority(t, "a")
	server := serving(t, a.issue(t, 1)).config(tls.RequireAndVerifyClientCert)
	first, second, third := [32]byte{1}, [32]byte{2}, [32]byte{3}
	server.SetSessionTicketKeys([][32]byte{first})
	client := clientOf(t, a)
	for _, step := range []struct {
		keys [][32]byte
		want bool
	}{
		{[][32]byte{first}, false}, // there is no session yet
		{[][32]byte{first}, true},
		{[][32]byte{second, first}, true},
		{[][32]byte{second}, true}, // by the ticket of the handshake before
		{[][32]byte{third}, false},
		{[][32]byte{third}, true},
	} {
		server.SetSessionTicketKeys(step.keys)
		if got := shake(t, server, client).DidResume; got != step.want {
			t.Errorf("keys %v: resumed %v, want %v", step.keys, got, step.want)
		}
	}
}

// All settings of a config, those of Go releases to come too, are in the one of an edition.
func TestSettings(t *testing.T) {
	config := &tls.Config{}
	filled := reflect.ValueOf(config).Elem()
	for i := range filled.NumField() {
		if field := filled.Field(i); field.CanSet() && field.Kind() == reflect.Bool {
			field.SetBool(true)
		} else if field.CanSet() && field.Kind() == reflect.Uint16 {
			field.SetUint(7)
		}
	}
	config.ServerName, config.NextProtos, config.ClientCAs = "name", []string{"h2"}, x509.NewCertPool()
	key := filled.FieldByName("SessionTicketKey")
	key.Index(0).SetUint(1)
	got := settings(config)
	key.SetZero() // it is the one that is not copied
	if !reflect.DeepEqual(got, config) {
		t.Errorf("got %+v, want %+v", got, config)
	}
}
