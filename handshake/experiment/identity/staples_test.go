package identity

import (
	"testing"
	"time"
)

func TestStaples(t *testing.T) {
	t.Parallel()
	s := stapling{attempts: 3, validity: 2 * time.Second, load: 2500 * time.Millisecond}
	r := outcome(t, s.run)
	for _, name := range []string{"good", "missing", "revoked", "stale", "early", "wrong_serial", "wrong_issuer", "unsigned"} {
		exactly(t, r, "default", "accepted_"+name, 3)
		if name != "good" {
			exactly(t, r, "verifying", "accepted_"+name, 0)
		}
	}
	exactly(t, r, "verifying", "accepted_good", 3)
	for _, arm := range []string{"default", "verifying"} {
		exactly(t, r, arm, "failed_handshakes", 0)
		if got := measure(t, r, arm, "refreshes"); got.Value < 3 || got.Value != float64(got.Of) {
			t.Errorf("%s: %g of %d fetches brought a staple, want all of 3 or more", arm, got.Value, got.Of)
		}
		if got := measure(t, r, arm, "staple_bytes").Value; got < 150 || got > 1000 {
			t.Errorf("%s: a staple costs %g bytes", arm, got)
		}
	}
}
