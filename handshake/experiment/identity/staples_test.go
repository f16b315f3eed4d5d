package identity

import (
	"context"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// carryOut runs an experiment, and finds its arms by name.
func carryOut(t *testing.T, run func(context.Context, experiment.Bench) ([]experiment.Arm, error)) map[string]experiment.Arm {
	t.Helper()
	arms, err := run(t.Context(), experiment.Bench{Dir: t.TempDir(), Seed: 1, Speak: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]experiment.Arm{}
	for _, a := range arms {
		t.Logf("%s: %v %q", a.Name, a.Measures, a.Notes)
		found[a.Name] = a
	}
	return found
}

// value is of a measure that must be there.
func value(t *testing.T, a experiment.Arm, name string) float64 {
	t.Helper()
	m, ok := a.Measure(name)
	if !ok {
		t.Errorf("%s: no measure %s", a.Name, name)
	}
	return m.Value
}

func TestStaples(t *testing.T) {
	t.Parallel()
	s := stapling{attempts: 3, validity: 2 * time.Second, load: 2500 * time.Millisecond}
	arms := carryOut(t, s.run)
	for _, name := range []string{"good", "missing", "revoked", "stale", "early", "wrong_serial", "wrong_issuer", "unsigned"} {
		want := 0.0
		if name == "good" {
			want = 3
		}
		if got := value(t, arms["default"], "accepted_"+name); got != 3 {
			t.Errorf("the default client accepts %v of 3 with a staple that is %s", got, name)
		}
		if got := value(t, arms["verifying"], "accepted_"+name); got != want {
			t.Errorf("the verifying client accepts %v of 3 with a staple that is %s, want %v", got, name, want)
		}
	}
	for _, a := range arms {
		if got := value(t, a, "failed_handshakes"); got != 0 {
			t.Errorf("%s: %v handshakes failed while staples changed", a.Name, got)
		}
		if got := value(t, a, "refreshes"); got < 3 {
			t.Errorf("%s: %v refreshes", a.Name, got)
		}
		if got := value(t, a, "staple_bytes"); got < 150 || got > 1000 {
			t.Errorf("%s: a staple costs %v bytes", a.Name, got)
		}
	}
}
