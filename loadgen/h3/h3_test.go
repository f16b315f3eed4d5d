package h3

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server/gateway"
	"github.com/tlslab/tlslab/loadgen"
)

const name = "edge.example.test"

// serve starts a gateway with a P-256 leaf of generation 7 and returns a job for n handshakes with it.
func serve(t *testing.T, kind handshake.Kind, n uint64, shape func(*tls.Config)) loadgen.Job {
	t.Helper()
	if raced && kind == handshake.Early {
		t.Skip("quic-go races with itself where data is early")
	}
	t.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	a, err := pki.New(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.Leaf(pki.Request{Names: []string{name}, Serial: 7})
	if err != nil {
		t.Fatal(err)
	}
	served, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{served}, MinVersion: tls.VersionTLS13}
	if shape != nil {
		shape(config)
	}
	job := loadgen.Job{
		App: "gateway", ServerName: name, Roots: a.Roots(),
		Spec:    handshake.Spec{Kind: kind, Group: handshake.X25519, Signature: handshake.ECDSAP256, ALPN: "h3"},
		Load:    loadgen.Load{Loop: loadgen.Closed, Workers: 3, Handshakes: n},
		Timeout: 5 * time.Second,
	}
	job.Target = listening(t, config)
	return job
}

// listening serves a config until the test ends, and returns its address.
func listening(t *testing.T, config *tls.Config) string {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0") // at another port: nobody comes
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Serve(ctx, gateway.Sockets{TCP: tcp, UDP: udp}, config, gateway.Settings{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		udp.Close()
	})
	return udp.LocalAddr().String()
}

func run(t *testing.T, job loadgen.Job) loadgen.Result {
	t.Helper()
	engine, err := Open(job)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if err := engine.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := loadgen.Run(t.Context(), engine, job.Load, 1)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestKinds(t *testing.T) {
	const n = 30
	for _, kind := range []handshake.Kind{handshake.Full, handshake.Resumed, handshake.Early} {
		r := run(t, serve(t, kind, n, nil))
		if r.Ledger.Confirmed != n || r.Ledger.Mismatched != 0 || len(r.Ledger.Errors) > 0 {
			t.Errorf("%s: got %+v", kind, r.Ledger)
		}
		if r.BytesIn/n < 1200 || r.BytesOut/n < 1200 { // both sides fill their first packets up: RFC 9000, section 14.1
			t.Errorf("%s: got %d bytes in and %d out per handshake", kind, r.BytesIn/n, r.BytesOut/n)
		}
	}
}

// Tickets that a server does not give make handshakes of another kind than asked, and are not waited for without end.
func TestWithoutTickets(t *testing.T) {
	for _, kind := range []handshake.Kind{handshake.Resumed, handshake.Early} {
		job := serve(t, kind, 3, func(c *tls.Config) { c.SessionTicketsDisabled = true })
		job.Timeout = 300 * time.Millisecond
		if r := run(t, job); r.Ledger.Confirmed != 3 || r.Ledger.Errors["mismatch: kind"] != 3 {
			t.Errorf("%s: got %+v", kind, r.Ledger)
		}
	}
}

// Early data that the server does not take is asked for again, and the handshake is another one than asked.
func TestRefusedEarlyData(t *testing.T) {
	refuse := func(c *tls.Config) {
		c.UnwrapSession = func([]byte, tls.ConnectionState) (*tls.SessionState, error) { return nil, nil }
	}
	r := run(t, serve(t, handshake.Early, 6, refuse))
	if r.Ledger.Confirmed != 6 || r.Ledger.Errors["mismatch: kind"] != 6 || r.Ledger.Shape.Resumed != 0 {
		t.Errorf("got %+v", r.Ledger)
	}
}

func TestObservation(t *testing.T) {
	engine, err := Open(serve(t, handshake.Full, 1, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	began := time.Now()
	var o handshake.Observation
	if err := engine.Dial(t.Context(), func() time.Duration { return time.Since(began) }, &o); err != nil {
		t.Fatal(err)
	}
	if o.Connected == 0 || o.Complete < o.Connected || o.Confirmed < o.Complete || o.Generation != 7 {
		t.Errorf("got %+v", o)
	}
}

func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*loadgen.Job)
		server func(*tls.Config)
		want   string
	}{
		{"name", func(j *loadgen.Job) { j.ServerName = "other.example.test" }, nil, "handshake: tls: server certificate: other name"},
		{"group", nil, func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} }, "handshake: remote error: tls: handshake failure"},
		{"protocol", func(j *loadgen.Job) { j.Offer = []string{"h2"} }, nil, "handshake: remote error: tls: no application protocol"},
		{"silence", func(j *loadgen.Job) { j.Timeout, j.Target = 50*time.Millisecond, silence(t) }, nil, "handshake: timeout"},
	} {
		job := serve(t, handshake.Full, 3, tt.server)
		if tt.change != nil {
			tt.change(&job)
		}
		r := run(t, job)
		if r.Ledger.Failed != 3 || r.Ledger.Connected != 3 || r.Ledger.Errors[tt.want] != 3 {
			t.Errorf("%s: got %+v, want %q", tt.name, r.Ledger, tt.want)
		}
	}
}

// silence is the address of a socket that nobody reads.
func silence(t *testing.T) string {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	return udp.LocalAddr().String()
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*loadgen.Job)
	}{
		{"app", func(j *loadgen.Job) { j.App = "plain" }},
		{"kind", func(j *loadgen.Job) { j.Spec.Kind = handshake.Live }},
		{"alpn", func(j *loadgen.Job) { j.Spec.ALPN = "h2" }},
		{"delays", func(j *loadgen.Job) { j.Delay = &loadgen.Delay{Size: 1} }},
		{"target", func(j *loadgen.Job) { j.Target = "nowhere" }},
		{"authority", func(j *loadgen.Job) { j.Roots = nil }},
		{"server name", func(j *loadgen.Job) { j.ServerName = "" }},
		{"client certificate", func(j *loadgen.Job) { j.Certificate = []byte("x") }},
	} {
		job := serve(t, handshake.Full, 1, nil)
		tt.change(&job)
		if engine, err := Open(job); err == nil {
			engine.Close()
			t.Errorf("%s: opened", tt.want)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
