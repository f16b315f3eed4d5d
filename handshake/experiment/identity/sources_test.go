package identity

import (
	"testing"
	"time"
)

func TestSources(t *testing.T) {
	t.Parallel()
	s := sourcing{rotations: 5, slowly: 1, costs: 3, costsSlow: 1, still: 100 * time.Millisecond, ttl: 500 * time.Millisecond, after: 200 * time.Millisecond}
	r := outcome(t, s.run)
	for _, arm := range []string{"files", "files-shipped", "workload-api", "in-process"} {
		if arm != "files-shipped" { // which may miss one
			some(t, r, arm, "issue_to_first_max")
			exactly(t, r, arm, "unseen", 0)
		}
		exactly(t, r, arm, "failed_handshakes", 0)
		exactly(t, r, arm, "served_through_outage", 1)
		exactly(t, r, arm, "expired_after_outage", 1)
		exactly(t, r, arm, "accepted_expired", 0)
	}
}
