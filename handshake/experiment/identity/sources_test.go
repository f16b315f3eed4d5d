package identity

import (
	"testing"
	"time"
)

func TestSources(t *testing.T) {
	t.Parallel()
	s := sourcing{rotations: 5, slowly: 1, costs: 3, costsSlow: 1, still: 100 * time.Millisecond, ttl: 500 * time.Millisecond, after: 200 * time.Millisecond}
	arms := carryOut(t, s.run)
	for _, name := range []string{"files", "files-shipped", "workload-api", "in-process"} {
		a := arms[name]
		for measure, want := range map[string]float64{"unseen": 0, "failed_handshakes": 0, "served_through_outage": 1, "expired_after_outage": 1, "accepted_expired": 0} {
			if got := value(t, a, measure); got != want {
				t.Errorf("%s: %s is %v, want %v", name, measure, got, want)
			}
		}
		value(t, a, "issue_to_first_max")
	}
}
