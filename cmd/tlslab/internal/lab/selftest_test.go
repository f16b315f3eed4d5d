package lab

import (
	"errors"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	plain := tally{handshakes: 1000, cpu: 0.7, allocs: 625_000, bytes: 57_800_000, wire: 2_642_000,
		service: []time.Duration{1500 * time.Microsecond, 1400 * time.Microsecond, 9 * time.Millisecond}}
	burning := tally{handshakes: 500, cpu: 0.35 + 500*sizingCompressions*50e-9}
	got, err := plain.sizes(&burning)
	if err != nil {
		t.Fatal(err)
	}
	if got.CPU != 0.7e-3 || got.Allocs != 625 || got.AllocBytes != 57_800 || got.Wire != 2642 || got.Service != 1500*time.Microsecond {
		t.Errorf("got %+v", got)
	}
	if got.Compression < 49.9e-9 || got.Compression > 50.1e-9 {
		t.Errorf("a compression takes %v s, want 50 ns", got.Compression)
	}
	for name, burning := range map[string]tally{"it cost nothing": {handshakes: 1000, cpu: 0.7}, "no handshake": {}} {
		var violation *Violation
		if _, err := plain.sizes(&burning); !errors.As(err, &violation) {
			t.Errorf("%s: got %v, want a violation", name, err)
		}
	}
}
