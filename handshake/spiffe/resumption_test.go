package spiffe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

var errDenied = errors.New("denied")

func deny(spiffeid.ID, [][]*x509.Certificate) error { return errDenied }

// ends is a server and a client that have met once, and have a ticket if they use any.
type ends struct {
	ours, theirs   *Domain
	server, client *Memory
	serverPolicy   *Policy
	clientPolicy   *Policy
	serverConfig   *tls.Config
	clientConfig   *tls.Config
}

func newEnds(t *testing.T, resumption string) *ends {
	t.Helper()
	e := &ends{
		ours:         newTestDomain(t, "server.example"),
		theirs:       newTestDomain(t, "client.example"),
		server:       &Memory{},
		client:       &Memory{},
		serverPolicy: NewPolicy(tlsconfig.AuthorizeAny()),
		clientPolicy: NewPolicy(tlsconfig.AuthorizeAny()),
	}
	e.give(t, e.server, e.ours, "/server", e.theirs.Bundle().X509Bundle())
	e.give(t, e.client, e.theirs, "/client", e.ours.Bundle().X509Bundle())
	var err error
	if e.serverConfig, err = ServerConfig(e.server, e.serverPolicy.Authorize, resumption, e.serverPolicy.Number); err != nil {
		t.Fatal(err)
	}
	if e.clientConfig, err = ClientConfig(e.client, e.clientPolicy.Authorize, resumption, e.clientPolicy.Number); err != nil {
		t.Fatal(err)
	}
	e.clientConfig.ServerName = "server" // the name of the session in the cache
	if state, err := e.meet(t); err != nil || state.DidResume {
		t.Fatalf("%s: the first connection: resumed %v, %v", resumption, state.DidResume, err)
	}
	return e
}

func (e *ends) give(t *testing.T, m *Memory, d *Domain, path string, others ...*x509bundle.Bundle) {
	t.Helper()
	svid, err := d.SVID(path, 1, time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	m.Set(svid, others...)
}

func (e *ends) meet(t *testing.T) (tls.ConnectionState, error) {
	t.Helper()
	return meet(t, e.serverConfig, e.clientConfig)
}

// replaced is a bundle of the same trust domain with another authority.
func replaced(t *testing.T, d *Domain) *x509bundle.Bundle {
	t.Helper()
	return newTestDomain(t, d.Name().Name()).Bundle().X509Bundle()
}

// TestResumption tells what becomes of the second connection, when nothing has changed and when something has.
func TestResumption(t *testing.T) {
	nothing := func(*testing.T, *ends) {}
	serverForgets := func(t *testing.T, e *ends) {
		svid, _ := e.server.GetX509SVID()
		e.server.Set(svid, replaced(t, e.theirs))
	}
	serverUnfederates := func(t *testing.T, e *ends) {
		svid, _ := e.server.GetX509SVID()
		e.server.Set(svid)
	}
	serverDenies := func(_ *testing.T, e *ends) { e.serverPolicy.Set(deny) }
	clientForgets := func(t *testing.T, e *ends) {
		svid, _ := e.client.GetX509SVID()
		e.client.Set(svid, replaced(t, e.ours))
	}
	clientDenies := func(_ *testing.T, e *ends) { e.clientPolicy.Set(deny) }
	admitsAgain := func(_ *testing.T, e *ends) { e.serverPolicy.Set(tlsconfig.AuthorizeAny()) }

	const full, resumed, refused = "full", "resumed", "refused"
	tests := []struct {
		name   string
		change func(*testing.T, *ends)
		want   map[string]string
	}{
		{"nothing", nothing, map[string]string{Default: resumed, Off: full, Recheck: resumed, Epoch: resumed}},
		{"server forgets", serverForgets, map[string]string{Default: resumed, Off: refused, Recheck: refused, Epoch: refused}},
		{"server unfederates", serverUnfederates, map[string]string{Default: resumed, Off: refused, Recheck: refused, Epoch: refused}},
		{"server denies", serverDenies, map[string]string{Default: resumed, Off: refused, Recheck: refused, Epoch: refused}},
		{"client forgets", clientForgets, map[string]string{Default: resumed, Off: refused, Recheck: refused, Epoch: refused}},
		{"client denies", clientDenies, map[string]string{Default: resumed, Off: refused, Recheck: refused, Epoch: refused}},
		{"another policy admits", admitsAgain, map[string]string{Default: resumed, Off: full, Recheck: resumed, Epoch: full}},
	}
	for _, test := range tests {
		for resumption, want := range test.want {
			t.Run(test.name+"/"+resumption, func(t *testing.T) {
				e := newEnds(t, resumption)
				test.change(t, e)
				state, err := e.meet(t)
				got := full
				switch {
				case err != nil:
					got = refused
				case state.DidResume:
					got = resumed
				}
				if got != want {
					t.Errorf("the connection was %s, want %s (%v)", got, want, err)
				}
			})
		}
	}
}

// TestRenewedClientComesBack is a client whose authority was exchanged, and who has an identity of the new one: only
// with epochs is its old ticket no hindrance.
func TestRenewedClientComesBack(t *testing.T) {
	for resumption, want := range map[string]bool{Off: true, Recheck: false, Epoch: true} {
		e := newEnds(t, resumption)
		next := newTestDomain(t, e.theirs.Name().Name())
		e.give(t, e.client, next, "/client", e.ours.Bundle().X509Bundle())
		svid, _ := e.server.GetX509SVID()
		e.server.Set(svid, next.Bundle().X509Bundle())
		if _, err := e.meet(t); (err == nil) != want {
			t.Errorf("%s: %v, want admitted %v", resumption, err, want)
		}
	}
}

// TestClone is a server whose config is cloned for every connection, as QUIC does. A config draws its ticket keys when
// it needs them first, so each clone of one that was never used has keys of its own.
func TestClone(t *testing.T) {
	for resumption, want := range map[string]bool{Default: false, Recheck: false, Epoch: true} {
		e := newEnds(t, resumption)
		unused, err := ServerConfig(e.server, e.serverPolicy.Authorize, resumption, e.serverPolicy.Number)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			e.serverConfig = unused.Clone()
			state, err := e.meet(t)
			if err != nil || state.DidResume != (want && i == 1) {
				t.Errorf("%s, connection %d: resumed %v, %v", resumption, i, state.DidResume, err)
			}
		}
	}
}

// TestDelayedFinish is a peer that was verified before the epoch ended and got its session after: the session is of
// the new epoch, and yet must not be taken up.
func TestDelayedFinish(t *testing.T) {
	e := newEnds(t, Epoch)
	forget := e.serverConfig.VerifyConnection
	svid, _ := e.server.GetX509SVID()
	stranger := replaced(t, e.theirs)
	e.serverConfig.VerifyConnection = func(cs tls.ConnectionState) error {
		err := forget(cs)
		e.server.Set(svid, stranger) // between the verification and the ticket
		return err
	}
	e.clientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	if state, err := e.meet(t); err != nil || state.DidResume {
		t.Fatalf("resumed %v, %v, want a full handshake", state.DidResume, err)
	}
	if _, err := e.meet(t); err == nil {
		t.Error("the session of a peer that was forgotten was taken up")
	}
}

func TestUnknownResumption(t *testing.T) {
	for _, wrong := range []string{"on", "Default", "recheck "} {
		if _, err := ServerConfig(&Memory{}, deny, wrong); err == nil {
			t.Errorf("a server took %q", wrong)
		}
		if _, err := ClientConfig(&Memory{}, deny, wrong); err == nil {
			t.Errorf("a client took %q", wrong)
		}
	}
}
