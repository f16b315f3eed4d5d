package scorecard

import (
	"testing"

	"github.com/tlslab/tlslab/handshake/reload"
)

// TestSoak: what grows is found, and so are the keys that a server should have forgotten.
func TestSoak(t *testing.T) {
	bin := build(t)
	const rotations = 60
	for _, tc := range []struct {
		strategy string
		leaks    bool
	}{
		{reload.Reference, false},
		{reload.CommandBoot, true}, // as published: it keeps every old configuration
	} {
		t.Run(tc.strategy, func(t *testing.T) {
			target := Standalone(bin, tc.strategy, reload.Settings{Strategy: tc.strategy})
			r := &runner{Options: Options{Dir: t.TempDir(), Rotations: rotations}}
			var memory *Memory
			got, err := r.soak(t.Context(), target, true, &memory)
			if err != nil {
				t.Fatal(err)
			}
			if got.Rotations > rotations || got.Adopted != got.Rotations || got.Failed+got.Regressed > 0 || got.Dropped > 0 {
				t.Errorf("got %+v, want every rotation adopted and nothing lost", got)
			}
			if leaks := len(got.Leaks) > 0; leaks != tc.leaks {
				t.Errorf("got leaks %q, want %t", got.Leaks, tc.leaks)
			}
			if tc.leaks && memory.Found != memory.Retired {
				t.Errorf("got %d of %d retired keys, want all", memory.Found, memory.Retired)
			}
		})
	}
}
