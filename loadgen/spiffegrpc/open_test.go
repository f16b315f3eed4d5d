package spiffegrpc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	app "github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
	"github.com/tlslab/tlslab/loadgen"
)

const domainName = "lab.example"

func startAgent(t *testing.T) *spiffe.Agent {
	t.Helper()
	domain, err := spiffe.NewDomain(domainName, handshake.ECDSAP256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{
		Socket:  filepath.Join(t.TempDir(), "agent.sock"),
		Domain:  domain,
		Entries: []spiffe.Entry{{Path: app.ServerPath, UID: -1}, {Path: app.ClientPath, UID: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Stop)
	return agent
}

// child is a server under control, as a variant runs it.
type child struct {
	t       *testing.T
	in      io.WriteCloser
	out     *json.Decoder
	ended   chan error
	address string
}

func startServer(t *testing.T, s server.Settings) *child {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &child{t: t, in: inW, out: json.NewDecoder(outR), ended: make(chan error, 1)}
	s.App = "spiffegrpc"
	go func() {
		err := server.Control(context.Background(), inR, outW, map[string]server.App{"spiffegrpc": app.App{}})
		outW.CloseWithError(io.EOF)
		c.ended <- err
	}()
	t.Cleanup(func() {
		inW.Close()
		if err := <-c.ended; err != nil {
			t.Error(err)
		}
	})
	c.address = c.say(s).Hello.Address
	return c
}

func (c *child) say(line any) (r server.Reply) {
	c.t.Helper()
	if err := json.NewEncoder(c.in).Encode(line); err != nil {
		c.t.Fatal(err)
	}
	if err := c.out.Decode(&r); err != nil {
		c.t.Fatal(errors.Join(err, <-c.ended))
	}
	if r.Error != "" {
		c.t.Fatal(r.Error)
	}
	return r
}

func job(address string, kind handshake.Kind, s handshake.SPIFFE) loadgen.Job {
	return loadgen.Job{
		Target: address, ServerName: "server.lab.example", Close: loadgen.RST, SPIFFE: &s,
		Spec: handshake.Spec{Kind: kind, Group: handshake.X25519, Signature: handshake.ECDSAP256, ALPN: "h2", Mutual: true},
		Load: loadgen.Load{Loop: loadgen.Closed, Workers: 4, Handshakes: 60},
	}
}

func run(t *testing.T, j loadgen.Job) loadgen.Result {
	t.Helper()
	engine, err := Open(j)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := engine.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	if err := engine.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := loadgen.Run(t.Context(), engine, j.Load, 0)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestReconcile has both sides count the same handshakes, or calls.
func TestReconcile(t *testing.T) {
	agent := startAgent(t)
	for _, test := range []struct {
		name     string
		kind     handshake.Kind
		close    string
		settings handshake.SPIFFE
	}{
		{"full", handshake.Full, loadgen.RST, handshake.SPIFFE{}},
		{"full, FIN", handshake.Full, loadgen.FIN, handshake.SPIFFE{}},
		{"everything on", handshake.Full, loadgen.RST, handshake.SPIFFE{
			Expiry: true, Policy: "function", Tracing: "otel", Audit: true, Breaker: true, JWT: true, Resumption: "recheck",
			Peer: "", MaxAge: time.Minute, Grace: time.Second, Keepalive: time.Second,
		}},
		{"resumed", handshake.Resumed, loadgen.RST, handshake.SPIFFE{}},
		{"resumed, expiry", handshake.Resumed, loadgen.RST, handshake.SPIFFE{Expiry: true, Resumption: "epoch"}},
		{"live", handshake.Live, loadgen.RST, handshake.SPIFFE{}},
		{"live, connections replaced", handshake.Live, loadgen.RST, handshake.SPIFFE{MaxAge: time.Millisecond, Grace: time.Second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.settings
			s.Socket, s.Domain = agent.Address(), domainName
			c := startServer(t, server.Settings{SPIFFE: &s, Live: test.kind == handshake.Live})
			j := job(c.address, test.kind, s)
			j.Close = test.close
			engine, err := Open(j)
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close()
			if err := engine.Fill(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.say(server.Request{Do: "begin"})
			result, err := loadgen.Run(t.Context(), engine, j.Load, 0)
			if err != nil {
				t.Fatal(err)
			}
			report := c.say(server.Request{Do: "end"}).Report
			if diffs := handshake.Reconcile(result.Ledger, report.Ledger); diffs != nil {
				t.Errorf("the ledgers do not reconcile: %q", diffs)
			}
			l := result.Ledger
			if l.Confirmed != j.Load.Handshakes || l.Mismatched > 0 || result.BytesIn == 0 || result.BytesOut == 0 {
				t.Errorf("got %+v, %d bytes in and %d out", l, result.BytesIn, result.BytesOut)
			}
			if test.settings.Audit && report.Noted["allowed"] != j.Load.Handshakes {
				t.Errorf("noted: got %v", report.Noted)
			}
		})
	}
}

// TestRefused has a server refuse, in handshakes or call by call; the ledgers reconcile then, too.
func TestRefused(t *testing.T) {
	agent := startAgent(t)
	for _, test := range []struct {
		name           string
		kind           handshake.Kind
		peer           string
		client, server string // reason
	}{
		{"handshakes", handshake.Full, "spiffe://lab.example/other", "unconfirmed: tls: bad certificate", "unexpected ID"},
		{"calls", handshake.Full, "", "unconfirmed: refused: no JWT-SVID", "refused: no JWT-SVID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := handshake.SPIFFE{Socket: agent.Address(), Domain: domainName}
			strict := s
			strict.Peer, strict.JWT = test.peer, test.peer == ""
			c := startServer(t, server.Settings{SPIFFE: &strict})
			c.say(server.Request{Do: "begin"})
			j := job(c.address, test.kind, s)
			result := run(t, j)
			report := c.say(server.Request{Do: "end"}).Report
			if diffs := handshake.Reconcile(result.Ledger, report.Ledger); diffs != nil {
				t.Errorf("the ledgers do not reconcile: %q", diffs)
			}
			if got := result.Ledger.Errors[test.client]; got != j.Load.Handshakes {
				t.Errorf("client: got %v, want %q", result.Ledger.Errors, test.client)
			}
			for reason := range report.Ledger.Reasons {
				if !strings.Contains(reason, test.server) {
					t.Errorf("server: got %q, want %q", reason, test.server)
				}
			}
		})
	}
}

// TestLiveRefused counts refused calls over connections that stay.
func TestLiveRefused(t *testing.T) {
	agent := startAgent(t)
	s := handshake.SPIFFE{Socket: agent.Address(), Domain: domainName, JWT: true}
	c := startServer(t, server.Settings{SPIFFE: &s, Live: true})
	engine, err := Open(job(c.address, handshake.Live, s))
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if err := engine.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := engine.(*dialer)
	for _, seat := range d.all { // without a token from here on
		seat.live.Close()
		seat.tokens = nil
	}
	c.say(server.Request{Do: "begin"})
	for _, seat := range d.all {
		if err := seat.connect(t.Context()); err == nil {
			t.Error("a call without a token was allowed")
		}
	}
	report := c.say(server.Request{Do: "end"}).Report
	if got := report.Ledger; got.Accepted != 4 || got.Rejected != 4 || got.Reasons["refused: no JWT-SVID"] != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	for want, change := range map[string]func(*loadgen.Job){
		"needs the settings":   func(j *loadgen.Job) { j.SPIFFE = nil },
		"of the kind early":    func(j *loadgen.Job) { j.Spec.Kind = handshake.Early },
		"resumption is off":    func(j *loadgen.Job) { j.Spec.Kind, j.SPIFFE.Resumption = handshake.Resumed, "off" },
		"protocol h2":          func(j *loadgen.Job) { j.Spec.ALPN = "" },
		"and no other":         func(j *loadgen.Job) { j.Offer = []string{"h2", "http/1.1"} },
		"must be mutual":       func(j *loadgen.Job) { j.Spec.Mutual = false },
		"delays no":            func(j *loadgen.Job) { j.Delay = &loadgen.Delay{} },
		`unknown close "slam"`: func(j *loadgen.Job) { j.Close = "slam" },
	} {
		j := job("127.0.0.1:1", handshake.Full, handshake.SPIFFE{})
		change(&j)
		if _, err := Open(j); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestGenerations shows each generation of the server's leaf, and no handshake fails while they change.
func TestGenerations(t *testing.T) {
	agent := startAgent(t)
	s := handshake.SPIFFE{Socket: agent.Address(), Domain: domainName}
	c := startServer(t, server.Settings{SPIFFE: &s})
	engine, err := Open(job(c.address, handshake.Full, s))
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	began := time.Now()
	now := func() time.Duration { return time.Since(began) }
	for range 5 {
		want := agent.Rotate()
		for got := uint64(0); got < want; { // at most the test's time
			o := handshake.Observation{Began: now()}
			if err := engine.Dial(t.Context(), now, &o); err != nil {
				t.Fatal(err)
			}
			if o.Connected < o.Began || o.Complete <= o.Connected || o.Confirmed <= o.Complete {
				t.Fatalf("got %+v", o)
			}
			got = o.Generation
		}
	}
}
