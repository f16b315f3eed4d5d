package opa

import (
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

func request(caller, method string) spiffegrpc.Request {
	return spiffegrpc.Request{
		Caller: spiffeid.RequireFromString(caller), Server: spiffeid.RequireFromString("spiffe://lab.example/server"),
		Method: method, Serial: 7, NotAfter: time.Now().Add(time.Minute),
	}
}

func TestBaseline(t *testing.T) {
	policy, err := New(t.Context(), Baseline())
	if err != nil {
		t.Fatal(err)
	}
	for method := range allowed(t) {
		if d, err := policy(t.Context(), request("spiffe://lab.example/client", method)); err != nil || !d.Allow {
			t.Errorf("%s: got %+v, %v, want it allowed", method, d, err)
		}
	}
	for _, r := range []spiffegrpc.Request{
		request("spiffe://lab.example/client", "/tlslab.Confirmation/Other"),
		request("spiffe://lab.example/other", spiffegrpc.Method),
		request("spiffe://other.example/client", spiffegrpc.Method),
	} {
		if d, err := policy(t.Context(), r); err != nil || d.Allow || d.Reason == "" {
			t.Errorf("%s of %s: got %+v, %v, want a refusal with a reason", r.Method, r.Caller, d, err)
		}
	}
}

// allowed is what the built-in policy allows to clients.
func allowed(t *testing.T) map[string]bool {
	all := map[string]bool{}
	for _, method := range spiffegrpc.Baseline()[spiffegrpc.ClientPath] {
		all[method] = true
	}
	if len(all) == 0 {
		t.Fatal("the built-in policy allows nothing")
	}
	return all
}

func TestInput(t *testing.T) {
	policy, err := New(t.Context(), `package tlslab.authz
allow if {
	input.caller == "spiffe://lab.example/client"
	input.serial == 7
	input.left > 0
	not input.resumed
}`)
	if err != nil {
		t.Fatal(err)
	}
	r := request("spiffe://lab.example/client", spiffegrpc.Method)
	if d, err := policy(t.Context(), r); err != nil || !d.Allow {
		t.Errorf("got %+v, %v, want it allowed", d, err)
	}
	r.Resumed = true
	if d, err := policy(t.Context(), r); err != nil || d.Allow {
		t.Errorf("resumed: got %+v, %v, want a refusal", d, err)
	}
}

func TestMalformed(t *testing.T) {
	for name, module := range map[string]string{
		"Rego v0": "package tlslab.authz\nallow { input.serial == 7 }",
		"empty":   "",
		"no Rego": "allow everybody",
	} {
		if _, err := New(t.Context(), module); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	policy, err := New(t.Context(), "package elsewhere\nallow := true")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := policy(t.Context(), request("spiffe://lab.example/client", spiffegrpc.Method)); err != nil || d.Allow {
		t.Errorf("without the rule: got %+v, %v, want a refusal", d, err)
	}
}

func BenchmarkDecision(b *testing.B) {
	policy, err := New(b.Context(), Baseline())
	if err != nil {
		b.Fatal(err)
	}
	r := request("spiffe://lab.example/client", spiffegrpc.Method)
	b.ReportAllocs()
	for b.Loop() {
		if d, err := policy(b.Context(), r); err != nil || !d.Allow {
			b.Fatal(d, err)
		}
	}
}
