package loadgen

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTurnsByTheClock(t *testing.T) {
	first, second := &Turns{Slice: 50 * ms, First: true}, &Turns{Slice: 50 * ms}
	for _, tc := range []struct {
		turns   *Turns
		own, at time.Duration
	}{
		{nil, 120 * ms, 120 * ms},
		{first, 0, 0}, {first, 49 * ms, 49 * ms}, {first, 50 * ms, 100 * ms}, {first, 120 * ms, 220 * ms},
		{second, 0, 50 * ms}, {second, 49 * ms, 99 * ms}, {second, 50 * ms, 150 * ms}, {second, 120 * ms, 270 * ms},
	} {
		if got := tc.turns.At(tc.own); got != tc.at {
			t.Errorf("%+v: %v of its own is at %v, want %v", tc.turns, tc.own, got, tc.at)
		}
		if got := tc.turns.own(tc.at); got != tc.own {
			t.Errorf("%+v: at %v it had %v of its own, want %v", tc.turns, tc.at, got, tc.own)
		}
	}
	if got := first.own(70 * ms); got != 50*ms { // in the other one's slice
		t.Errorf("got %v, want 50ms", got)
	}
}

// Two open loops that begin together fall due in slices of their own, and each has all that its phases ask for.
func TestOpenLoopsInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := Load{Loop: Open, Process: Poisson, Workers: 4, Phases: []Phase{{Length: time.Second, Rate: 500}}}
		alone, err := runFake(t, t.Context(), dialFunc(instant), load)
		if err != nil {
			t.Fatal(err)
		}
		for _, turns := range []Turns{{Slice: 200 * ms, First: true}, {Slice: 200 * ms}} {
			c := &chronicle{Dialer: dialFunc(instant)}
			r, err := runFakeInTurns(t, t.Context(), c, load, &turns)
			if err != nil {
				t.Fatal(err)
			}
			if r.Ledger.Confirmed != alone.Ledger.Confirmed || r.Wall > time.Second {
				t.Errorf("%+v: %d confirmed in %v, want %d as without turns", turns, r.Ledger.Confirmed, r.Wall, alone.Ledger.Confirmed)
			}
			for _, chunk := range c.chunks {
				for _, m := range chunk {
					if mine := m.at/turns.Slice%2 == 0; mine != turns.First {
						t.Fatalf("%+v: a handshake ended at %v, in the other one's slice", turns, m.at)
					}
				}
			}
		}
	})
}
