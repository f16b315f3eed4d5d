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

// A rest is of the class of what it sums up, so no metric changes.
func TestFoldKeepsClasses(t *testing.T) {
	for _, path := range []string{"crypto/tls", "vendor/golang.org/x/crypto/hkdf", "runtime", "internal/sync", "net", ""} {
		if got, want := classOf(restOf(path)), classOf(path); got != want {
			t.Errorf("the rest of %q is %q, of class %s, want %s", path, restOf(path), got, want)
		}
	}
}
