package edge

import (
	"runtime"
	"testing"
)

// TestEarly: 0-RTT is counted apart, resumption hides a rotation from the client, and other ticket keys end it.
func TestEarly(t *testing.T) {
	if raced {
		t.Skip("quic-go races with itself in 0-RTT: quic-go/quic-go#4303")
	}
	before := runtime.NumGoroutine()
	arms, err := runEarly(t.Context(), 2, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"full": 6, "resumed": 6, "early": 6, "stale_leaf": 8, "early_after_restart": 0, "fell_back": 4,
	} {
		if got := measured(t, arms, "quic", name); got.Value != want {
			t.Errorf("%s: got %g, want %g", name, got.Value, want)
		}
	}
	settles(t, before)
}
