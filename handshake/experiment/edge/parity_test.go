package edge

import (
	"runtime"
	"testing"
)

// TestParity: every protocol shows every generation, and nobody is refused meanwhile.
func TestParity(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runParity(t.Context(), bench(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, arm := range []string{"gateway", "memory"} {
		if got := measured(t, arms, arm, "rotations"); got.Value != 4 || got.Of != 4 {
			t.Errorf("%s: got %g of %d rotations shown, want 4 of 4", arm, got.Value, got.Of)
		}
		if got := measured(t, arms, arm, "failed_handshakes"); got.Value != 0 || got.Of < 12 {
			t.Errorf("%s: got %g of %d handshakes failed, want none of 12 at least", arm, got.Value, got.Of)
		}
		for _, p := range protocols {
			if got := measured(t, arms, arm, p+"_max"); got.Of != 4 {
				t.Errorf("%s: got %d rotations by %s, want 4", arm, got.Of, p)
			}
		}
		measured(t, arms, arm, "gap_max")
	}
	settles(t, before)
}
