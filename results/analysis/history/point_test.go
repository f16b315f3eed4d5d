package history

import (
	"strings"
	"testing"
	"time"
)

// point is the n-th nightly run of a scenario.
func point(n int) Point {
	return Point{
		Schema: Schema, When: time.Date(2026, 3, 1+n, 2, 0, 0, 0, time.UTC), Scenario: "nightly", Commit: "c0ffee", Seed: uint64(n),
		Host: Host{"Example CPU 9000", "6.8.0", "go1.26.8"}, Verdict: "no difference", Baseline: "std",
		Values:  Values{"full": {"std": {"server_cpu": 0.0006}, "fips": {"server_cpu": 0.00063}}},
		Effects: Effects{"full": {"fips": {"server_cpu": {1.05, 1.04, 1.06, 0.02, true}}}},
	}
}

func TestPointRefuses(t *testing.T) {
	effect := func(e Effect) func(*Point) {
		return func(p *Point) { p.Effects["full"]["fips"]["server_cpu"] = e }
	}
	for _, c := range []struct {
		says string
		edit func(*Point)
	}{
		{"is no time of a run", func(p *Point) { p.When = time.Time{} }},
		{"no scenario", func(p *Point) { p.Scenario = "" }},
		{"is no name of a commit", func(p *Point) { p.Commit = "c0ffee\nc0ffee" }},
		{"is no name of a commit", func(p *Point) { p.Commit = strings.Repeat("a", 101) }},
		{"256 is no exit code", func(p *Point) { p.Exit = 256 }},
		{"effects without a baseline", func(p *Point) { p.Baseline = "" }},
		{"server_cpu of fips in full: 1.05 [1.06, 1.07]", effect(Effect{1.05, 1.06, 1.07, 0, false})},
		{"is no ratio", effect(Effect{1.05, 1.04, 1.045, 0, false})},
		{"is no ratio", effect(Effect{0, 0, 0, 0, false})},
		{"is no ratio", effect(Effect{1, 1, 1, -0.1, false})},
	} {
		p := point(0)
		c.edit(&p)
		if _, err := encode(p); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}

func TestValid(t *testing.T) {
	for exit, want := range map[int]bool{0: true, 1: true, 3: false, 4: true, 5: true} {
		if got := (Point{Exit: exit}).Valid(); got != want {
			t.Errorf("exit %d: got %v, want %v", exit, got, want)
		}
	}
}
