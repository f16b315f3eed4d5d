package edge

import (
	"runtime"
	"testing"
)

func TestHellos(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runHellos(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"no-sni": 2, "no-alpn": 2, "unknown-alpn": 0, "h2-only-server-http11": 2, "h3-over-tcp": 2,
		"h3-over-tcp-unlisted": 0, "quic-no-alpn": 0, "quic-h2": 0,
	} {
		accepted, refused := measured(t, arms, name, "accepted"), measured(t, arms, name, "refused")
		if accepted.Value != want || refused.Value != 2-want {
			t.Errorf("%s: got %g accepted and %g refused, want %g of 2 accepted", name, accepted.Value, refused.Value, want)
		}
	}
	settles(t, before)
}
