package identity

import "testing"

func TestJWT(t *testing.T) {
	const attempts = 6
	arms := carryOut(t, bearing{attempts}.run)
	for name, want := range map[string]float64{
		"good":           attempts,
		"wrong-audience": 0,
		"expired":        0,
		"expired-lately": attempts, // by the leeway of go-jose
		"foreign-domain": 0,
		"tampered":       0,
	} {
		a := arms[name]
		if got, refused := value(t, a, "accepted"), value(t, a, "refused"); got != want || refused != attempts-want {
			t.Errorf("%s: %v accepted, %v refused, want %v of %v accepted", name, got, refused, want, attempts)
		}
		if got := value(t, a, "accepted_by_agent"); got != want {
			t.Errorf("%s: the agent accepts %v, want %v", name, got, want)
		}
	}
}
