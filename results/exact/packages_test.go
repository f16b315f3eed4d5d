package exact

import (
	"slices"
	"testing"
)

func side(instructions map[string]float64) Side { return Side{Instructions: instructions} }

func TestPackages(t *testing.T) {
	tests := []struct {
		name                string
		baseline, candidate Side
		want                []Difference
	}{
		{"nothing counted", Side{}, Side{}, nil},
		{"noise", side(map[string]float64{"a": 10_000, "b": 100}), side(map[string]float64{"a": 10_005, "b": 95}), nil},
		{
			"largest first, whichever way",
			side(map[string]float64{"a": 10_000, "b": 10_000, "c": 10_000}),
			side(map[string]float64{"a": 10_100, "b": 9_000, "c": 10_000}),
			[]Difference{{"b", 10_000, 9_000}, {"a", 10_000, 10_100}},
		},
		{
			"appeared and gone",
			side(map[string]float64{"a": 10_000, "old": 50}),
			side(map[string]float64{"a": 10_000, "new": 70}),
			[]Difference{{"new", 0, 70}, {"old", 50, 0}},
		},
		{
			"small ones against a rest",
			side(map[string]float64{"crypto/tls": 100_000, "crypto/...": 120, "...": 50}),
			side(map[string]float64{"crypto/tls": 100_000, "crypto/aes": 70, "crypto/des": 50, "net": 50}),
			nil,
		},
		{
			"a large one is no part of a rest",
			side(map[string]float64{"crypto/tls": 100_000, "crypto/...": 90}),
			side(map[string]float64{"crypto/tls": 100_000, "crypto/aes": 90, "crypto/des": 5_000}),
			[]Difference{{"crypto/des", 0, 5_000}},
		},
		{
			"a named one is compared by name, however small",
			side(map[string]float64{"crypto/tls": 100_000, "net": 150, "...": 40}),
			side(map[string]float64{"crypto/tls": 100_000, "net": 60, "io": 40}),
			[]Difference{{"net", 150, 60}},
		},
	}
	for _, tt := range tests {
		if got := Packages(tt.baseline, tt.candidate); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// The runtime's share moves by chance.
func TestPackagesOfTheRuntime(t *testing.T) {
	baseline := side(map[string]float64{"crypto/tls": 100_000, "runtime": 10_000, "internal/runtime/maps": 2_000})
	candidate := side(map[string]float64{"crypto/tls": 100_000, "runtime": 10_400, "internal/runtime/maps": 3_000})
	want := []Difference{{"internal/runtime/maps", 2_000, 3_000}}
	if got := Packages(baseline, candidate); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMoved(t *testing.T) {
	now := counts().with("crypto/tls", 310_000).with("net", 9_000).with("runtime", 300_000)
	now.Client.Instructions = map[string]float64{"crypto/x509": 500_000, "encoding/asn1": 60_000, "testing": 40_000}
	tests := []struct {
		metric string
		want   []Difference
	}{
		{"instructions.crypto", []Difference{{"crypto/tls", 300_000, 310_000}}},
		{"instructions.other", []Difference{{"net", 0, 9_000}}},
		{"instructions.runtime", []Difference{{"runtime", 200_000, 300_000}}},
		{"client_instructions.crypto", []Difference{{"crypto/x509", 400_000, 500_000}}},
		{"client_instructions.other", nil},
		{"counted.allocs", nil},
		{"syscalls", nil},
	}
	for _, tt := range tests {
		if got := Moved(tt.metric, counts(), now); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.metric, got, tt.want)
		}
	}
}

// A rest is of the class of what it sums up, so no metric changes.
func TestFoldKeepsClasses(t *testing.T) {
	for _, path := range []string{"crypto/tls", "vendor/golang.org/x/crypto/hkdf", "runtime", "internal/sync", "net", ""} {
		if got, want := (Key{}).class(restOf(path)), (Key{}).class(path); got != want {
			t.Errorf("the rest of %q is %q, of class %s, want %s", path, restOf(path), got, want)
		}
	}
}

// A package at the limit does not seem to appear out of its rest.
func TestFoldHasNoEdge(t *testing.T) {
	b := Baseline{}
	b.Put(counts().with("crypto/des", 900), margins())
	kept, _ := b.Find(counts().Cell, key())
	if got := Packages(kept.Server, counts().with("crypto/des", 1_200).Server); len(got) > 0 {
		t.Errorf("got %v, want none", got)
	}
}
