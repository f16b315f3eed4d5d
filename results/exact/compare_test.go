package exact

import (
	"math"
	"testing"
)

func TestCompare(t *testing.T) {
	margins := []Margin{{"instructions.crypto", 0.002}, {"instructions.other", 0.002}, {"counted.allocs", 0.005}, {"syscalls", 0.005}, {"instructions", 0.005}}
	const crypto = "crypto/internal/fips140/nistec"
	otherKey, unwatched := counts(), counts()
	otherKey.Key.Go, unwatched.Syscalls = "go1.26.7", nil
	tests := []struct {
		name                string
		baseline, candidate Counts
		ratio               float64 // of instructions.crypto
		want                []Verdict
		why                 string // of the last metric
	}{
		{"equal", counts(), counts(), 1, []Verdict{Same, Same, Same, Same}, ""},
		{"within the margin", counts(), counts().with(crypto, 401_400), 702_200.7 / 700_800.7, []Verdict{Same, Same, Same, Same}, ""},
		{"beyond the margin", counts(), counts().with(crypto, 401_500), 702_300.7 / 700_800.7, []Verdict{Worse, Same, Same, Same}, ""},
		{"less", counts().with(crypto, 401_500), counts(), 700_800.7 / 702_300.7, []Verdict{Better, Same, Same, Same}, ""},
		{"noise of little", counts().with("bytes", 1), counts().with("bytes", 500), 1, []Verdict{Same, Same, Same, Same}, ""},
		{"another key", counts(), otherKey.with(crypto, 1e6), 0, []Verdict{Incomparable, Incomparable, Incomparable, Incomparable},
			"toolchain: go1.26.7 against go1.26.8"},
		{"not counted here", counts(), unwatched, 1, []Verdict{Same, Same, Same, Incomparable}, "not counted here"},
		{"not in the baseline", unwatched, counts(), 1, []Verdict{Same, Same, Same, Incomparable}, "the baseline has no such count"},
	}
	for _, tt := range tests {
		got := Compare(tt.baseline, tt.candidate, margins)
		if len(got) != len(tt.want) {
			t.Fatalf("%s: got %+v, want %d metrics", tt.name, got, len(tt.want))
		}
		for i, c := range got {
			if c.Metric != margins[i].Metric || c.Verdict != tt.want[i] || (c.Ratio == 0) != (c.Verdict == Incomparable) {
				t.Errorf("%s: got %+v, want %s %s", tt.name, c, margins[i].Metric, tt.want[i])
			}
		}
		if math.Abs(got[0].Ratio-tt.ratio) > 1e-9 || got[len(got)-1].Why != tt.why {
			t.Errorf("%s: got ratio %v and why %q, want %v and %q", tt.name, got[0].Ratio, got[len(got)-1].Why, tt.ratio, tt.why)
		}
	}
}
