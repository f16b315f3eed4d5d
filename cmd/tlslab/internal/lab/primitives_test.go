package lab

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/scenarios"
)

func TestPrimitivesAreJudged(t *testing.T) {
	b := bench{
		sides:   [2]benchSide{{variant: scenarios.Variant{Name: "std"}}, {variant: scenarios.Variant{Name: "new"}}},
		missing: [2]map[string]string{{}, {"x25519": "not allowed"}},
	}
	for n := range 8 {
		drift := 1 + float64(n)/10
		b.groups = append(b.groups, [2]batches{
			{"aes": {100 * drift, 100 * drift}, "sha": {200 * drift, 200 * drift}, "x25519": {300, 300}, "old": {1, 1}},
			{"aes": {100 * drift, 100 * drift}, "sha": {210 * drift, 210 * drift}},
		})
	}
	want := []Primitive{
		{Name: "aes", Baseline: 140, Verdict: effect.Same},
		{Name: "old", Missing: "new: its sources do not time it"},
		{Name: "sha", Baseline: 280, Verdict: effect.Worse},
		{Name: "x25519", Missing: "new: not allowed"},
	}
	got := b.primitives()
	for i := range got {
		got[i].Ratio = nil
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}

	b.groups = b.groups[:6]
	if got := b.primitives()[2]; got.Ratio == nil || got.Verdict != effect.Inconclusive {
		t.Errorf("six groups: got %+v, want an interval, and too few for one of four", got)
	}
	b.groups = b.groups[:5]
	if got := b.primitives()[2]; got.Ratio != nil || got.Verdict != effect.Inconclusive {
		t.Errorf("five groups: got %+v, want no interval", got)
	}
}

// The real thing: a switch that no counter of instructions sees, and a mode that forbids some operations.
func TestPrimitivesSeeHardware(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a test program and starts it again and again")
	}
	if runtime.GOARCH != "amd64" || !slices.Contains(accel.Detect().Features, "sha_ni") {
		t.Skip("this CPU has no SHA extensions that Go's SHA-256 uses on amd64")
	}
	builder, err := variant.NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	builder.Cache = t.TempDir()
	r := laboratory(t)
	r.lab.Builder = builder
	r.plan.Variants = []scenarios.Variant{
		{Name: "std"}, {Name: "no-sha", Env: map[string]string{"GODEBUG": "cpu.sha=off,fips140=only"}},
	}
	b, err := r.newBench(t.Context(), "std", "no-sha")
	if err != nil {
		t.Fatal(err)
	}
	b.turns = 1
	all, err := b.run(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		t.Logf("%+v %v", p, p.Ratio)
		switch {
		case strings.HasPrefix(p.Name, "sha-256") && p.Verdict != effect.Worse:
			t.Errorf("%s: got %s, want worse", p.Name, p.Verdict)
		case p.Name == "x25519" && p.Missing == "":
			t.Errorf("x25519: got %s, want missing in FIPS 140-3 only mode", p.Verdict)
		}
	}
}

// A test program of other sources may have no such test.
func TestPrimitivesOfOtherSources(t *testing.T) {
	r := laboratory(t)
	side := benchSide{r.plan.Variants[0], r.binaries["std"]}
	side.variant.Env = nil
	if _, err := side.start(t.Context(), nil, counted.Timing{}); err == nil || !strings.Contains(err.Error(), "time no primitives") {
		t.Errorf("got %v, want that its sources time none", err)
	}
	side.binary = &variant.Binary{Path: filepath.Join(t.TempDir(), "none")}
	if _, err := side.start(t.Context(), nil, counted.Timing{}); err == nil || !strings.Contains(err.Error(), "primitives of std: ") {
		t.Errorf("got %v, want that it cannot be started", err)
	}
}
