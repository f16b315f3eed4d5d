package identity

import "testing"

func TestJWT(t *testing.T) {
	const attempts = 6
	r := outcome(t, bearing{attempts}.run)
	for arm, want := range map[string]float64{
		"good":           attempts,
		"wrong-audience": 0,
		"expired":        0,
		"expired-lately": attempts, // by the leeway of go-jose
		"foreign-domain": 0,
		"tampered":       0,
	} {
		exactly(t, r, arm, "accepted", want)
		exactly(t, r, arm, "refused", attempts-want)
		exactly(t, r, arm, "accepted_by_agent", want)
	}
}
