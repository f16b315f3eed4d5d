package spiffegrpc

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestAudit tells of each decision, allowed or not.
func TestAudit(t *testing.T) {
	l := newLab(t, time.Hour)
	s := l.settings()
	s.Policy, s.Audit = "function", true
	journal := NewJournal(8)
	address := l.serve(Options{SPIFFE: s, Audit: journal.Keep})
	l.dial(address, ClientOptions{}).Call(t.Context())
	l.dial(address, ClientOptions{Path: "/other"}).Call(t.Context())
	got := journal.Records()
	if len(got) != 2 {
		t.Fatalf("got %d records", len(got))
	}
	if r := got[0]; !r.Decision.Allow || r.Caller != client || r.Method != Method || r.Serial == 0 || r.Age <= 0 || r.At.IsZero() {
		t.Errorf("got %+v", r)
	}
	if r := got[1]; r.Decision.Allow || r.Decision.Reason != "method not allowed" || r.Decision.ID == got[0].Decision.ID {
		t.Errorf("got %+v", r)
	}
	if allowed, denied := journal.Counts(); allowed != 1 || denied != 1 {
		t.Errorf("got %d allowed and %d denied", allowed, denied)
	}
}

func TestJournal(t *testing.T) {
	j := NewJournal(3)
	for i := range uint64(5) {
		j.Keep(Record{Serial: i})
	}
	var got []uint64
	for _, r := range j.Records() {
		got = append(got, r.Serial)
	}
	if len(got) != 3 || got[0] != 2 || got[2] != 4 {
		t.Errorf("got %d, want 2 3 4", got)
	}
	if _, denied := j.Counts(); denied != 5 {
		t.Errorf("got %d denied, want 5", denied)
	}
}

// exported keeps spans, beyond the end of the provider.
type exported struct {
	mu    sync.Mutex
	spans tracetest.SpanStubs
}

func (e *exported) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans = append(e.spans, tracetest.SpanStubsFromReadOnlySpans(spans)...)
	return nil
}

func (e *exported) Shutdown(context.Context) error { return nil }

func TestTracing(t *testing.T) {
	e := &exported{}
	t.Run("calls", func(t *testing.T) {
		l := newLab(t, time.Hour)
		s := l.settings()
		s.Policy, s.Tracing = "function", "otel"
		address := l.serve(Options{SPIFFE: s, Exporter: e})
		l.dial(address, ClientOptions{}).Call(t.Context())
		l.dial(address, ClientOptions{Path: "/other"}).Call(t.Context())
	})
	if len(e.spans) != 2 {
		t.Fatalf("got %d spans", len(e.spans))
	}
	for i, want := range []map[attribute.Key]string{
		{"spiffe.id": "spiffe://lab.example/client", "tls.resumed": "false", "tls.curve": "X25519MLKEM768", "authz.decision": "allow"},
		{"spiffe.id": "spiffe://lab.example/other", "authz.decision": "deny"},
	} {
		got := map[attribute.Key]string{}
		for _, a := range e.spans[i].Attributes {
			got[a.Key] = a.Value.String()
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("span %d: %s: got %q, want %q", i, key, got[key], value)
			}
		}
		if got["authz.decision.id"] == "" || got["spiffe.svid.serial"] == "0" || !strings.HasPrefix(got["spiffe.svid.ttl"], "3") {
			t.Errorf("span %d: got %v", i, got)
		}
	}
}

func TestTokens(t *testing.T) {
	l := newLab(t, time.Hour)
	s := l.settings()
	s.JWT = true
	address := l.serve(Options{SPIFFE: s})
	c := l.dial(address, ClientOptions{SPIFFE: s})
	for range 2 {
		if _, err := c.Call(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	other := l.dial(address, ClientOptions{SPIFFE: s, Path: "/other"})
	svid, err := other.tokens.client.FetchJWTSVID(t.Context(), other.tokens.params)
	if err != nil {
		t.Fatal(err)
	}
	c.tokens.token = svid.Marshal()
	if _, err := c.Call(t.Context()); err == nil || !strings.Contains(err.Error(), "JWT-SVID of another identity") {
		t.Errorf("got %v", err)
	}
}
