package edge

import (
	"runtime"
	"testing"
)

// TestHealth: a failing backend changes the order of protocols and refuses nobody.
func TestHealth(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runHealth(t.Context(), bench(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	for arm, want := range map[string]float64{"static": 0, "health": 2} {
		if got := measured(t, arms, arm, "switched"); got.Value != want {
			t.Errorf("%s: got %g switches of %d, want %g", arm, got.Value, got.Of, want)
		}
		if got := measured(t, arms, arm, "failed_handshakes"); got.Value != 0 || got.Of == 0 {
			t.Errorf("%s: got %g of %d handshakes failed, want none of some", arm, got.Value, got.Of)
		}
	}
	if got := measured(t, arms, "health", "switched_after"); got.Of != 2 {
		t.Errorf("got %d switches timed, want 2", got.Of)
	}
	settles(t, before)
}
