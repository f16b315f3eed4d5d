package lab

import (
	"maps"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/scenarios"
)

func TestPrimitivesOfBench(t *testing.T) {
	b := bench{
		sides: []*benchSide{
			{variant: scenarios.Variant{Name: "std"}, operations: []counted.Operation{{Name: "aes"}, {Name: "x25519"}}},
			{
				variant:    scenarios.Variant{Name: "new"},
				operations: []counted.Operation{{Name: "vaes", Bytes: 64}, {Name: "x25519"}, {Name: "aes", Bytes: 64}},
				missing:    map[string]string{"x25519": "not allowed"},
			},
		},
		groups: [][]batches{
			{{"aes": {100, 101}, "x25519": {300, 310}}, {"aes": {98, 99}, "vaes": {50, 51}}},
			{{"aes": {102, 103}, "x25519": {320, 330}}, {"aes": {96, 97}, "vaes": {52, 0}}},
		},
	}
	want := &results.Primitives{Groups: 2, Operations: []results.Operation{
		{Name: "aes", Bytes: 64, Times: map[string][][]float64{"std": {{100, 101}, {102, 103}}, "new": {{98, 99}, {96, 97}}}, Missing: map[string]string{}},
		{Name: "x25519", Times: map[string][][]float64{"std": {{300, 310}, {320, 330}}}, Missing: map[string]string{"new": "not allowed"}},
		{Name: "vaes", Bytes: 64, Times: map[string][][]float64{}, Missing: map[string]string{
			"std": "its sources do not time it", "new": "a batch took no time that could be measured",
		}},
	}}
	if got := b.result(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestThereAndBack(t *testing.T) {
	if got, want := thereAndBack([]int{2, 0, 1}), []int{2, 0, 1, 1, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAlike(t *testing.T) {
	base := map[string]int{"slower": 100, "much slower": 100, "faster": 100, "much faster": 100, "only here": 7, "slow": 1}
	own := map[string]int{"slower": 51, "much slower": 50, "faster": 199, "much faster": 200, "only there": 9, "slow": 1}
	want := map[string]int{"slower": 100, "much slower": 50, "faster": 100, "much faster": 200, "only there": 9, "slow": 1}
	if alike(base, own); !maps.Equal(own, want) {
		t.Errorf("got %v, want %v", own, want)
	}
}

// Older sources do not list their operations.
func TestKnown(t *testing.T) {
	listed := []counted.Operation{{Name: "b", Bytes: 64}, {Name: "a"}}
	for _, tt := range []struct {
		ready counted.Ready
		want  []counted.Operation
	}{
		{counted.Ready{Operations: listed, Iterations: map[string]int{"a": 1}}, listed},
		{
			counted.Ready{Iterations: map[string]int{"c": 1, "a": 1}, Missing: map[string]string{"b": "why"}},
			[]counted.Operation{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		},
	} {
		if got := known(tt.ready); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %v, want %v", tt.ready, got, tt.want)
		}
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
	r.Manifest.Variants = []results.Variant{{Name: "std", Baseline: true}, {Name: "no-sha"}}
	b, err := r.newBench(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.rounds = 1
	timed, err := b.run(t.Context(), r.plan.PrimitiveGroups())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range analysis.PrimitivesOf(r.Manifest, timed) {
		t.Logf("%+v %v", p, p.Ratio)
		switch {
		case p.Variant == "std" && p.Missing != "" && !strings.HasSuffix(p.Name, " by VAES"):
			t.Errorf("%s of std is missing: %s", p.Name, p.Missing)
		case p.Variant == "std":
		case strings.HasPrefix(p.Name, "sha-256") && p.Verdict != effect.Worse:
			t.Errorf("%s: got %s, want worse", p.Name, p.Verdict)
		case p.Name == "x25519" && p.Missing == "":
			t.Errorf("x25519: got %s, want missing in FIPS 140-3 only mode", p.Verdict)
		case strings.HasPrefix(p.Name, "sha") && p.Bytes == 0:
			t.Errorf("%s treats no amount", p.Name)
		}
	}
}

// A test program of other sources may have no such test.
func TestPrimitivesOfOtherSources(t *testing.T) {
	r := laboratory(t)
	side := &benchSide{variant: r.plan.Variants[0], binary: r.binaries["std"]}
	side.variant.Env = nil
	if _, err := side.start(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "time no primitives") {
		t.Errorf("got %v, want that its sources time none", err)
	}
	side.binary = &variant.Binary{Path: filepath.Join(t.TempDir(), "none")}
	if _, err := side.start(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "primitives of std: ") {
		t.Errorf("got %v, want that it cannot be started", err)
	}
}
