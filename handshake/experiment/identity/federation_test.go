package identity

import "testing"

func TestFederation(t *testing.T) {
	const all = 6
	r := outcome(t, federating{attempts: all / 2}.run)
	for arm, want := range map[string]map[string]float64{
		"federated":    {"accepted": all, "refused": 0},
		"unfederated":  {"accepted": 0, "refused": all},
		"removed":      {"accepted_before": all, "accepted": 0, "refused": all},
		"cross-signed": {"accepted": 0, "refused": all, "accepted_by_chain": all / 2},
		"stale-bundle": {"accepted": 0, "refused": all, "accepted_after_refresh": all},
	} {
		for name, want := range want {
			exactly(t, r, arm, name, want)
		}
	}
}
