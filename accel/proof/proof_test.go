package proof

import (
	"context"
	"errors"
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

// Every option is timed or says why not, and what everybody knows to be slower is found slower.
func TestRun(t *testing.T) {
	timings, err := Run(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(timings), len(options()); got != want {
		t.Fatalf("got %d timings of %d options", got, want)
	}
	firsts := map[string]bool{}
	for _, x := range timings {
		if (x.CPU > 0) == (x.Missing != "") {
			t.Errorf("%s %s: %v of CPU, missing %q", x.Subject, x.Option, x.CPU, x.Missing)
		}
		if kind := x.Subject + x.What; x.Ratio == nil && x.Missing == "" {
			if firsts[kind] {
				t.Errorf("%s %s: no ratio", x.Subject, x.Option)
			}
			firsts[kind] = true
		}
		if x.Option == handshake.RSAPSS2048.String() && (x.Ratio == nil || x.Ratio.Lo < 2) {
			t.Errorf("an RSA signature is not twice as dear as one of P-256: %+v", x.Ratio)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
