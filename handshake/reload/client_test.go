package reload

import (
	"crypto/tls"
	"testing"
)

// following is a client of a server by IP address.
func following(s Strategy) *tls.Config {
	client := &tls.Config{ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	ApplyClient(client, s)
	return client
}

// The server's authority is replaced: connections from then on are verified by the new one, and none resumes what the
// old one vouched for.
func TestAuthoritiesOfServers(t *testing.T) {
	a, b := newTestAuthority(t, "a"), newTestAuthority(t, "b")
	ours, theirs := serving(t, a.issue(t, 10)), serving(t, a.issue(t, 1))
	client, server := following(ours), theirs.config(tls.NoClientCert)
	for _, want := range []bool{false, true} {
		if got := shake(t, server, client).DidResume; got != want {
			t.Errorf("resumed %v, want %v", got, want)
		}
	}
	theirs.put(t, b.issue(t, 2))
	if _, err := attempt(t, server, client); err == nil {
		t.Error("a server of another authority is believed")
	}
	ours.put(t, b.issue(t, 11))
	for _, want := range []bool{false, true} {
		state := shake(t, server, client)
		if got := generation(state.PeerCertificates[0]); got != 2 || state.DidResume != want {
			t.Errorf("shown generation %d, resumed %v, want 2, %v", got, state.DidResume, want)
		}
	}
}

// The name counts as it does for crypto/tls. Without one nobody is verified: tls.Dial then takes the host that it
// dials, and an IP address is not told to the callback.
func TestNameOfServer(t *testing.T) {
	a := newTestAuthority(t, "a")
	server := serving(t, a.issue(t, 1)).config(tls.NoClientCert)
	for name, want := range map[string]bool{"127.0.0.1": true, "reload.test": true, "127.0.0.2": false, "other.test": false, "": false} {
		client := following(serving(t, a.issue(t, 10)))
		client.ServerName = name
		if _, err := attempt(t, server, client); (err == nil) != want {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

// A connection that is open keeps the certificate with which it was made; the next one presents the new one, although
// there is a session of the old one.
func TestCertificateOfClient(t *testing.T) {
	a := newTestAuthority(t, "a")
	ours, theirs := serving(t, a.issue(t, 10)), serving(t, a.issue(t, 1))
	client, server := following(ours), theirs.config(tls.RequireAndVerifyClientCert)
	var presented []uint64
	server.VerifyConnection = func(state tls.ConnectionState) error {
		presented = append(presented, generation(state.PeerCertificates[0]))
		return nil
	}
	for _, next := range []int64{0, 0, 11, 0} {
		if next != 0 {
			ours.put(t, a.issue(t, next))
		}
		shake(t, server, client)
	}
	want := [4]uint64{10, 10, 11, 11}
	if len(presented) != len(want) || [4]uint64(presented) != want {
		t.Errorf("presented %v, want %v", presented, want)
	}
}
