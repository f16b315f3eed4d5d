package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/loadgen/h3"
)

var dialers = map[string]loadgen.Opener{"stock": loadgen.OpenStock, "h3": h3.Open}

// job asks the gateway for n handshakes of a kind by a protocol.
func (c *child) job(kind handshake.Kind, protocol string, n uint64) loadgen.Job {
	job := loadgen.Job{
		Dialer: "stock", App: "gateway", Target: c.address, ServerName: name, Roots: c.authority.Roots(),
		Spec:  handshake.Spec{Kind: kind, Group: handshake.X25519, Signature: handshake.ECDSAP256, ALPN: protocol},
		Load:  loadgen.Load{Loop: loadgen.Closed, Workers: 4, Handshakes: n},
		Close: loadgen.RST,
	}
	if protocol == "h3" {
		needQUIC(c.t)
		job.Dialer = "h3"
	}
	return job
}

// drive carries a job out and returns both ledgers of its stretch.
func (c *child) drive(job loadgen.Job) (loadgen.Result, handshake.ServerLedger) {
	c.t.Helper()
	engine, err := dialers[job.Dialer](job)
	if err != nil {
		c.t.Fatal(err)
	}
	defer engine.Close()
	if err := engine.Fill(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.begin()
	result, err := loadgen.Run(c.t.Context(), engine, job.Load, 1)
	if err != nil {
		c.t.Fatal(err)
	}
	return result, c.end()
}

// agree checks that n handshakes came out as asked and that both sides say so.
func agree(t *testing.T, r loadgen.Result, l handshake.ServerLedger, n uint64) {
	t.Helper()
	if r.Ledger.Confirmed != n || r.Ledger.Mismatched != 0 || len(r.Ledger.Errors) > 0 {
		t.Errorf("client: got %+v, want %d confirmed", r.Ledger, n)
	}
	if diffs := handshake.Reconcile(r.Ledger, l); diffs != nil {
		t.Errorf("the ledgers differ: %q; reasons %v", diffs, l.Reasons)
	}
}

func TestLedgersReconcile(t *testing.T) {
	const n = 40
	for _, protocol := range []string{"", "http/1.1", "h2", "h3"} {
		for _, kind := range []handshake.Kind{handshake.Full, handshake.Resumed, handshake.Early} {
			for _, how := range []string{loadgen.RST, loadgen.FIN} {
				if raced && kind == handshake.Early {
					continue
				}
				if protocol != "h3" && kind == handshake.Early || protocol == "h3" && how == loadgen.FIN {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %s", protocol, kind, how), func(t *testing.T) {
					c := start(t, nil)
					job := c.job(kind, protocol, n)
					job.Close = how
					r, l := c.drive(job)
					agree(t, r, l, n)
					want := map[handshake.Kind][2]uint64{handshake.Full: {0, 0}, handshake.Resumed: {n, 0}, handshake.Early: {n, n}}[kind]
					if got := [2]uint64{l.Shape.Resumed, l.Shape.Early}; got != want {
						t.Errorf("got %v resumed and early, want %v", got, want)
					}
					if r.BytesIn/n < 200 || r.BytesOut/n < 200 {
						t.Errorf("got %d bytes in and %d out per handshake", r.BytesIn/n, r.BytesOut/n)
					}
				})
			}
		}
	}
}

func mutual(s *server.Settings, _ *pki.Authority) { s.Mutual = true }

func TestMutual(t *testing.T) {
	const n = 20
	for _, protocol := range []string{"http/1.1", "h2", "h3"} {
		for _, kind := range []handshake.Kind{handshake.Full, handshake.Resumed} {
			c := start(t, mutual)
			job := c.job(kind, protocol, n)
			job.Spec.Mutual = true
			own, err := c.authority.Client("loadgen.example.test")
			if err != nil {
				t.Fatal(err)
			}
			job.Certificate, job.Key = own.Certificate, own.Key
			r, l := c.drive(job)
			agree(t, r, l, n)
		}
	}
}

func TestRejectedClients(t *testing.T) {
	const n = 20
	for _, protocol := range []string{"http/1.1", "h2", "h3"} {
		t.Run(protocol, func(t *testing.T) {
			c := start(t, mutual)
			r, l := c.drive(c.job(handshake.Full, protocol, n))
			// quic-go may say that a connection has ended before it says that its handshake is complete.
			if r.Ledger.Unconfirmed != n && protocol != "h3" || r.Ledger.Confirmed != 0 {
				t.Errorf("client: got %+v, want %d unconfirmed", r.Ledger, n)
			}
			if diffs := handshake.Reconcile(r.Ledger, l); diffs != nil {
				t.Errorf("the ledgers differ: %q", diffs)
			}
			if l.Reasons["tls: client didn't provide a certificate"] != n {
				t.Errorf("server's reasons: %v", l.Reasons)
			}
			for reason := range r.Ledger.Errors { // over TCP a reset may overtake the alert
				if protocol == "h3" && !strings.HasSuffix(reason, "tls: certificate required") {
					t.Errorf("client's reasons: %v", r.Ledger.Errors)
				}
			}
		})
	}
}

// Whatever the list holds and the client offers, a handshake is confirmed by what is negotiated, and counted.
func TestLists(t *testing.T) {
	const n = 12
	long := []string{"h2", "http/1.1", "h3"}
	for i := len(long); i < 16; i++ {
		long = append(long, fmt.Sprintf("lab-%d", i))
	}
	for _, tt := range []struct {
		list, offer []string
		want        string
	}{
		{nil, nil, ""},
		{nil, []string{"h2", "http/1.1"}, ""},
		{long, []string{"h2", "http/1.1"}, "h2"},
		{long, []string{"http/1.1"}, "http/1.1"},
		{long, nil, ""},
		{long, long, "h2"},
		{slices.Insert(slices.Clone(long[3:]), 0, "h2"), long[15:], "lab-15"},
		{[]string{"h2"}, []string{"http/1.1"}, ""},
		{long, []string{"h3"}, "h3"},
	} {
		c := start(t, func(s *server.Settings, _ *pki.Authority) { s.ALPN = tt.list })
		job := c.job(handshake.Full, tt.want, n)
		job.Dialer = "stock"
		job.Offer = tt.offer
		r, l := c.drive(job)
		agree(t, r, l, n)
	}
}

// A handshake of another protocol than asked is a mismatch and no broken connection.
func TestAnotherProtocolIsAMismatch(t *testing.T) {
	c := start(t, nil)
	job := c.job(handshake.Full, "http/1.1", 8)
	job.Offer = []string{"http/1.1", "h2"}
	r, l := c.drive(job)
	if r.Ledger.Mismatched != 8 || r.Ledger.Errors["mismatch: alpn"] != 8 {
		t.Errorf("client: %+v", r.Ledger)
	}
	if diffs := handshake.Reconcile(r.Ledger, l); diffs != nil {
		t.Errorf("the ledgers differ: %q", diffs)
	}
}
