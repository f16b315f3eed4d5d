package identity

import "testing"

func TestFederation(t *testing.T) {
	const all = 6
	arms := carryOut(t, federating{attempts: all / 2}.run)
	for name, want := range map[string]map[string]float64{
		"federated":    {"accepted": all, "refused": 0},
		"unfederated":  {"accepted": 0, "refused": all},
		"removed":      {"accepted_before": all, "accepted": 0, "refused": all},
		"cross-signed": {"accepted": 0, "refused": all, "accepted_by_chain": all / 2},
		"stale-bundle": {"accepted": 0, "refused": all, "accepted_after_refresh": all},
	} {
		for measure, want := range want {
			if got := value(t, arms[name], measure); got != want {
				t.Errorf("%s: %s is %v, want %v", name, measure, got, want)
			}
		}
	}
}
