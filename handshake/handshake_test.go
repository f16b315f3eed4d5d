package handshake

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

func asked() Spec {
	return Spec{Kind: Resumed, Group: P384, Signature: ECDSAP384, ALPN: "h2", Mutual: true, Suite: AES128GCM}
}

func got() Outcome {
	return Outcome{tls.VersionTLS13, AES128GCM, P384, ECDSAP384, "h2", true, true, false, false}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		property string
		change   func(*Outcome)
	}{
		{"", func(*Outcome) {}},
		{"version", func(o *Outcome) { o.Version = tls.VersionTLS12 }},
		{"kind", func(o *Outcome) { o.Resumed = false }},
		{"group", func(o *Outcome) { o.Group = X25519 }},
		{"signature", func(o *Outcome) { o.Signature = ECDSAP256 }},
		{"suite", func(o *Outcome) { o.Suite = ChaCha20Poly1305 }},
		{"alpn", func(o *Outcome) { o.ALPN = "" }},
		{"mutual", func(o *Outcome) { o.Mutual = false }},
		{"round trips", func(o *Outcome) { o.Retried = true }},
	}
	for _, tt := range tests {
		o := got()
		tt.change(&o)
		err := asked().Check(o)
		var mismatch *Mismatch
		if tt.property == "" {
			if err != nil {
				t.Errorf("the handshake that was asked for: %v", err)
			}
		} else if !errors.As(err, &mismatch) || !errors.Is(err, ErrMismatch) || mismatch.Property != tt.property {
			t.Errorf("changed %s: got %v", tt.property, err)
		}
	}
	if err := (Spec{Kind: Full}).Check(Outcome{Version: tls.VersionTLS13, Group: X25519, Suite: AES256GCM}); err != nil {
		t.Errorf("zero fields must ask for nothing: %v", err)
	}
}

func TestSpecText(t *testing.T) {
	text, err := json.Marshal(asked())
	if err != nil {
		t.Fatal(err)
	}
	var back Spec
	if err := json.Unmarshal(text, &back); err != nil || back != asked() {
		t.Errorf("%s: got %+v, %v", text, back, err)
	}
	if got, want := asked().String(), "resumed/P-384/ecdsa-p384/mutual/alpn=h2/TLS_AES_128_GCM_SHA256"; got != want {
		t.Errorf("name: got %s, want %s", got, want)
	}
	if err := json.Unmarshal([]byte(`{"group":"secp384r1"}`), &back); err == nil {
		t.Error("an unknown group was read")
	}
}

func TestReconcile(t *testing.T) {
	client := ClientLedger{Began: 5, Connected: 4, Confirmed: 3, Unconfirmed: 1, Failed: 1}
	client.Shape.Count(got(), 3)
	server := ServerLedger{Accepted: 4, Completed: 3}
	server.Reject("tls: client didn't provide a certificate")
	server.Shape.Count(got(), 3)
	if diffs := Reconcile(client, server); diffs != nil {
		t.Errorf("equal ledgers differ: %v", diffs)
	}
	server.Shape.Count(got(), 1)
	server.Completed++
	want := []string{
		"confirmed/completed: client 3, server 4", "resumed: client 3, server 4", "mutual: client 3, server 4",
		"group P-384: client 3, server 4", "suite TLS_AES_128_GCM_SHA256: client 3, server 4",
		"signature ecdsa-p384: client 3, server 4", "alpn h2: client 3, server 4",
	}
	if diffs := Reconcile(client, server); fmt.Sprint(diffs) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", diffs, want)
	}
}

func TestReadCPU(t *testing.T) {
	before := ReadCPU()
	for spent := time.Duration(0); spent < time.Millisecond; {
		spent = ReadCPU().Sub(before).Total()
		if spent < 0 {
			t.Fatalf("CPU time ran backwards: %v", spent)
		}
	}
}

func ExampleSpec_Check() {
	asked := Spec{Kind: Resumed, Group: X25519}
	got := Outcome{Version: tls.VersionTLS13, Group: X25519, Resumed: false}
	fmt.Println(asked.Check(got))
	// Output: asked for kind resumed, got full
}
