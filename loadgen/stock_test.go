package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// drive runs a job with the stock dialer as Serve does, without the process.
func drive(t *testing.T, job Job) Result {
	t.Helper()
	stock, err := NewStock(job)
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	if err := stock.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), stock, job.Load, 1)
	if err != nil {
		t.Fatal(err)
	}
	checkBooks(t, result)
	return result
}

// checkBooks checks what holds for every result.
func checkBooks(t *testing.T, r Result) {
	t.Helper()
	l := r.Ledger
	if l.Began != l.Confirmed+l.Unconfirmed+l.Failed {
		t.Errorf("began %d != confirmed %d + unconfirmed %d + failed %d", l.Began, l.Confirmed, l.Unconfirmed, l.Failed)
	}
	for name, got := range map[string]uint64{
		"handshake": r.Handshake.Count(), "service": r.Service.Count(), "response": r.Response.Count(),
	} {
		if got != l.Confirmed-l.Mismatched {
			t.Errorf("%s histogram holds %d, want the %d confirmed and matching", name, got, l.Confirmed-l.Mismatched)
		}
	}
}

func TestStockShapes(t *testing.T) {
	const n = 40
	full := handshake.Spec{Group: handshake.X25519, Signature: handshake.ECDSAP256}
	with := func(change func(*handshake.Spec)) handshake.Spec {
		spec := full
		change(&spec)
		return spec
	}
	speakH2 := func(c *tls.Config, _ authority) { c.NextProtos = []string{"h2"} }
	for _, tc := range []struct {
		name  string
		spec  handshake.Spec
		shape func(*tls.Config, authority)
		close string
	}{
		{"full", full, nil, RST},
		{"full, fin", full, nil, FIN},
		{"P-384", with(func(s *handshake.Spec) { s.Group = handshake.P384 }), nil, RST},
		{"hybrid", with(func(s *handshake.Spec) { s.Group = handshake.X25519MLKEM768 }), nil, RST},
		{"alpn", with(func(s *handshake.Spec) { s.ALPN = "h2" }), speakH2, RST},
		{"resumed", with(func(s *handshake.Spec) { s.Kind = handshake.Resumed }), nil, RST},
		{"mutual", with(func(s *handshake.Spec) { s.Mutual = true }), demandCertificate, RST},
		{"mutual, resumed, fin", with(func(s *handshake.Spec) { s.Mutual, s.Kind = true, handshake.Resumed }), demandCertificate, FIN},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := serve(t, tc.shape)
			job := server.job(tc.spec, 4, n)
			job.Close = tc.close
			server.present(t, &job)
			r := drive(t, job)
			ledger, _ := server.closed()
			if r.Ledger.Confirmed != n || r.Ledger.Mismatched != 0 || len(r.Ledger.Errors) != 0 {
				t.Errorf("got %+v, want %d confirmed", r.Ledger, n)
			}
			if got, want := r.Ledger.Shape.Resumed, n*uint64(tc.spec.Kind); got != want {
				t.Errorf("got %d resumed, want %d", got, want)
			}
			if fill := ledger.Completed - n; fill != 8*uint64(tc.spec.Kind) {
				t.Errorf("got %d handshakes more on the server, want two tickets a worker if any", fill)
			}
			if got, want := ledger.Shape.Resumed, r.Ledger.Shape.Resumed; got != want {
				t.Errorf("server counted %d resumed, client %d", got, want)
			}
			if tc.spec.Kind == handshake.Full {
				if diffs := handshake.Reconcile(r.Ledger, ledger); diffs != nil {
					t.Errorf("the ledgers differ: %q", diffs)
				}
			}
			if r.BytesIn/n < 200 || r.BytesOut/n < 200 {
				t.Errorf("got %d bytes in and %d out per handshake", r.BytesIn/n, r.BytesOut/n)
			}
		})
	}
}

// Many workers with little to do have many more tickets than they use while a key of the server lives.
func TestResumedWhileKeysRotate(t *testing.T) {
	const n, life = 60, 5 // handshakes
	var config *tls.Config
	server := serve(t, func(c *tls.Config, _ authority) { config = c })
	keys := [][32]byte{{0}, {1}} // the newest first; the last one still opens tickets
	config.SetSessionTicketKeys(keys)
	completed := 0
	server.confirm = func(c *tls.Conn) error { // one at a time
		if completed++; completed%life == 0 {
			keys = [][32]byte{{byte(completed), 1}, keys[0]}
			config.SetSessionTicketKeys(keys)
		}
		return sendByte(handshake.Confirmation)(c)
	}
	stock, err := NewStock(server.job(handshake.Spec{Kind: handshake.Resumed}, 32, n))
	if err != nil {
		t.Fatal(err)
	}
	one := func(dialer Dialer, n uint64) handshake.ClientLedger {
		r, err := Run(t.Context(), dialer, Load{Loop: Closed, Workers: 1, Handshakes: n}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return r.Ledger
	}
	one(filler{stock}, 64)
	if l := one(stock, n); l.Confirmed != n || l.Shape.Resumed != n {
		t.Errorf("got %d resumed of %d (%v), want %d", l.Shape.Resumed, l.Confirmed, l.Errors, n)
	}
}

// Popular load tools count these as successes: crypto/tls and OpenSSL clients are done before the server rejects.
func TestMutualWithoutCertificate(t *testing.T) {
	server := serve(t, demandCertificate)
	r := drive(t, server.job(handshake.Spec{Mutual: true}, 2, 20))
	ledger, _ := server.closed()
	if r.Ledger.Confirmed != 0 || r.Ledger.Unconfirmed != 20 {
		t.Errorf("got %d confirmed, %d unconfirmed, want 0 and 20", r.Ledger.Confirmed, r.Ledger.Unconfirmed)
	}
	if got := r.Ledger.Errors["unconfirmed: tls: certificate required"]; got != 20 {
		t.Errorf("got errors %v", r.Ledger.Errors)
	}
	if ledger.Completed != 0 || ledger.Rejected != 20 {
		t.Errorf("server completed %d, rejected %d, want 0 and 20", ledger.Completed, ledger.Rejected)
	}
}

// What is confirmed but is not what was asked stays in the ledger and out of the histograms.
func TestMismatch(t *testing.T) {
	onlyP384 := func(c *tls.Config, _ authority) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} }
	noTickets := func(c *tls.Config, _ authority) { c.SessionTicketsDisabled = true }
	for _, tc := range []struct {
		name   string
		spec   handshake.Spec
		shape  func(*tls.Config, authority)
		reason string
	}{
		{"HelloRetryRequest", handshake.Spec{}, onlyP384, "mismatch: round trips"},
		{"no tickets", handshake.Spec{Kind: handshake.Resumed}, noTickets, "mismatch: kind"},
		{"leaf", handshake.Spec{Signature: handshake.ECDSAP384}, nil, "mismatch: signature"},
		{"no certificate asked", handshake.Spec{Mutual: true}, nil, "mismatch: mutual"},
		{"alpn not spoken", handshake.Spec{ALPN: "h2"}, nil, "mismatch: alpn"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := serve(t, tc.shape)
			r := drive(t, server.job(tc.spec, 2, 10))
			if r.Ledger.Confirmed != 10 || r.Ledger.Mismatched != 10 || r.Ledger.Errors[tc.reason] != 10 {
				t.Errorf("got %+v, want 10 confirmed, all with %q", r.Ledger, tc.reason)
			}
			if r.Handshake.Count() != 0 || r.Lateness.Count() != 10 {
				t.Errorf("got %d handshake times and %d latenesses, want 0 and 10", r.Handshake.Count(), r.Lateness.Count())
			}
		})
	}
}

func TestStockFailures(t *testing.T) {
	for _, tc := range []struct {
		name                string
		change              func(*testServer, *Job)
		unconfirmed, failed uint64
		reason              string
	}{
		{"wrong byte", func(s *testServer, _ *Job) { s.confirm = sendByte('x') },
			4, 0, "unconfirmed: wrong confirming byte"},
		{"server hangs up", func(s *testServer, _ *Job) { s.confirm = func(c *tls.Conn) error { return c.Close() } },
			4, 0, "unconfirmed: connection closed"},
		{"server never confirms", func(s *testServer, j *Job) {
			s.confirm, j.Timeout = func(*tls.Conn) error { return nil }, 50*time.Millisecond
		}, 4, 0, "unconfirmed: timeout"},
		{"unknown authority", func(_ *testServer, j *Job) { j.Roots = newAuthority(t).roots },
			0, 4, "handshake: tls: server certificate: unknown authority"},
		{"other name", func(_ *testServer, j *Job) { j.ServerName = "other.test" },
			0, 4, "handshake: tls: server certificate: other name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := serve(t, nil)
			job := server.job(handshake.Spec{}, 2, 4)
			tc.change(server, &job)
			l := drive(t, job).Ledger
			if l.Confirmed != 0 || l.Unconfirmed != tc.unconfirmed || l.Failed != tc.failed || l.Errors[tc.reason] != 4 {
				t.Errorf("got %+v, want %d unconfirmed, %d failed, by %q", l, tc.unconfirmed, tc.failed, tc.reason)
			}
		})
	}
}

func TestNoCommonGroup(t *testing.T) {
	server := serve(t, func(c *tls.Config, _ authority) { c.CurvePreferences = []tls.CurveID{tls.X25519} })
	l := drive(t, server.job(handshake.Spec{Group: handshake.P384}, 2, 4)).Ledger
	if l.Failed != 4 || l.Errors["handshake: remote error: tls: handshake failure"] != 4 {
		t.Errorf("got %+v, want 4 failed by the server's alert", l)
	}
}

func TestServerThatNeverAnswers(t *testing.T) {
	job := hang(t).job(handshake.Spec{}, 2, 4)
	job.Timeout = 30 * time.Millisecond
	if l := drive(t, job).Ledger; l.Failed != 4 || l.Connected != 4 || l.Errors["handshake: timeout"] != 4 {
		t.Errorf("got %+v, want 4 connected and timed out", l)
	}
}

func TestConnectionRefused(t *testing.T) {
	server := serve(t, nil)
	server.closed()
	job := server.job(handshake.Spec{}, 2, 1<<40)
	stock, err := NewStock(job)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), stock, job.Load, 1)
	if err == nil || !strings.Contains(err.Error(), "unreachable: 1000 connects failed in a row, the last by connect: connection refused") {
		t.Errorf("got %v", err)
	}
}

// A server that stalls for 300 ms at the start of an open loop: few handshakes take long, but many end late.
func TestCoordinatedOmission(t *testing.T) {
	server := serve(t, nil)
	stalled := make(chan struct{})
	server.confirm = func(c *tls.Conn) error {
		<-stalled
		return sendByte(handshake.Confirmation)(c)
	}
	job := server.job(handshake.Spec{Group: handshake.X25519}, 2, 0)
	job.Load = Load{Loop: Open, Process: Constant, Workers: 2, Phases: []Phase{{Length: time.Second, Rate: 200}}}
	time.AfterFunc(300*time.Millisecond, func() { close(stalled) })
	r := drive(t, job)
	if r.Ledger.Confirmed != 200 {
		t.Fatalf("got %+v, want 200 confirmed", r.Ledger)
	}
	service, response := time.Duration(r.Service.Quantile(0.9)), time.Duration(r.Response.Quantile(0.9))
	if response < 100*time.Millisecond || service > response/2 {
		t.Errorf("got p90 of service time %v and of response time %v: the stall was omitted", service, response)
	}
}

func TestSources(t *testing.T) {
	server := serve(t, nil)
	drive(t, server.job(handshake.Spec{}, 2, 20))
	_, got := server.closed()
	if !canSpread(server.listener.Addr().(*net.TCPAddr).AddrPort().Addr().Unmap()) {
		if !slices.Equal(got, []string{"127.0.0.1"}) {
			t.Errorf("got source addresses %q", got)
		}
		return
	}
	if len(got) != 20 || got[0] != "127.1.0.1" || slices.Contains(got, "127.0.0.1") {
		t.Errorf("got source addresses %q, want 20 of 127.1.0.0/24", got)
	}
}

func TestKeyLog(t *testing.T) {
	server := serve(t, nil)
	job := server.job(handshake.Spec{}, 1, 2)
	job.KeyLog = filepath.Join(t.TempDir(), "keys")
	drive(t, job)
	text, err := os.ReadFile(job.KeyLog)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(text), "CLIENT_HANDSHAKE_TRAFFIC_SECRET"); got != 2 {
		t.Errorf("got the secrets of %d handshakes, want 2", got)
	}
}

func TestCancelEndsHandshakes(t *testing.T) {
	server := serve(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	server.confirm = func(c *tls.Conn) error { cancel(); _, err := io.Copy(io.Discard, c); return err }
	job := server.job(handshake.Spec{}, 2, 10)
	stock, err := NewStock(job)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := Run(ctx, stock, job.Load, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("ended after %v", took)
	}
}

func TestNewStockRefuses(t *testing.T) {
	good := (&testServer{listener: serve(t, nil).listener, authority: newAuthority(t)}).job(handshake.Spec{}, 1, 1)
	for _, tc := range []struct {
		want   string
		change func(*Job)
	}{
		{"unknown close", func(j *Job) { j.Close = "politely" }},
		{"target", func(j *Job) { j.Target = "127.0.0.1" }},
		{"no certificate authority", func(j *Job) { j.Roots = nil }},
		{"no server name", func(j *Job) { j.ServerName = "" }},
		{"client certificate", func(j *Job) { j.Certificate = j.Roots }},
		{"a delay of", func(j *Job) { j.Delay = &Delay{Size: time.Hour} }},
		{"no such file", func(j *Job) { j.KeyLog = filepath.Join(t.TempDir(), "no", "keys") }},
	} {
		job := good
		tc.change(&job)
		if _, err := NewStock(job); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
}
