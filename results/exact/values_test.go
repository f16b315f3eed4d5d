package exact

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/tlslab/tlslab/results/metric"
)

func TestValues(t *testing.T) {
	got := counts().Values()
	want := map[string]float64{
		"instructions.crypto": 700_800.7, "instructions.other": 70_600.3, "instructions.runtime": 228_599,
		"client_instructions.crypto": 400_000, "client_instructions.other": 60_000,
		"counted.allocs": 300.04, "counted.alloc_bytes": 40_000.4, "counted.wire_bytes": 1_900.3, "syscalls": 7.04,
	}
	if !maps.EqualFunc(got, want, func(x, y float64) bool { return math.Abs(x-y) < 1e-6 }) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// The names are those that package metric has margins for.
func TestValuesAreMetrics(t *testing.T) {
	var want []string
	for _, m := range metric.Counted() {
		if m.Name != "instructions" && m.Name != "client_instructions" { // where only totals are known
			want = append(want, m.Name)
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(counts().Values())); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestValuesOfWhatIsNotCounted(t *testing.T) {
	c := Counts{Server: Side{Allocs: 3, AllocBytes: 80}}
	want := map[string]float64{"counted.allocs": 3, "counted.alloc_bytes": 80}
	if got := c.Values(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A total is no class: perf_event sees no packages.
func TestValuesOfTotals(t *testing.T) {
	c := Counts{
		Server: Side{Instructions: map[string]float64{"": 5e6}},
		Client: Side{Instructions: map[string]float64{"": 7e6}},
	}
	want := map[string]float64{"instructions": 5e6, "client_instructions": 7e6}
	if got := c.Values(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Code without a package is the runtime's assembly, or BoringCrypto's C.
func TestValuesOfCodeWithoutPackage(t *testing.T) {
	for experiment, metric := range map[string]string{
		"": "instructions.runtime", "jsonv2": "instructions.runtime", "boringcrypto": "instructions.crypto",
		"boringcrypto,jsonv2": "instructions.crypto",
	} {
		c := Counts{Key: Key{GOEXPERIMENT: experiment}, Server: Side{Instructions: map[string]float64{"": 70, "net": 5}}}
		if got := c.Values()[metric]; got != 70 {
			t.Errorf("GOEXPERIMENT=%s: got %v, want 70 in %s", experiment, c.Values(), metric)
		}
	}
}
