package main

import (
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/scenarios"
)

func TestTellPrimitives(t *testing.T) {
	found := func(verdict effect.Verdict, ratio float64) []analysis.Primitive {
		interval := func(point float64) *effect.Ratio {
			return &effect.Ratio{Point: point, Lo: point - 0.01, Hi: point + 0.01}
		}
		return []analysis.Primitive{
			{Name: "aes", Bytes: 1 << 10, Variant: "std", Time: 256},
			{Name: "aes", Bytes: 1 << 10, Variant: "new", Time: 300, Ratio: interval(ratio), Verdict: verdict},
			{Name: "sha", Variant: "std", Time: 5000},
			{Name: "sha", Variant: "new", Missing: "not allowed"},
			{Name: "vaes", Variant: "std", Missing: "no VAES"},
			{Name: "vaes", Variant: "new", Time: 1},
			{Name: "x25519", Variant: "std", Time: 30_000},
			{Name: "x25519", Variant: "new", Time: 30_000, Verdict: effect.Inconclusive},
		}
	}
	plan := &scenarios.Plan{Variants: []scenarios.Variant{{Name: "std"}, {Name: "new"}}}
	for _, tt := range []struct {
		name          string
		first, second []analysis.Primitive
		code          int
		aes           string
	}{
		{"same", found(effect.Same, 1.01), nil, exitDone, "1.010x [1.000, 1.020]  same"},
		{"worse once", found(effect.Worse, 1.2), found(effect.Inconclusive, 1.04), exitDone, "1.200x [1.190, 1.210]  worse         1.040x [1.030, 1.050]"},
		{"worse twice", found(effect.Worse, 1.2), found(effect.Worse, 1.1), exitWorse, "1.200x [1.190, 1.210]  worse         1.100x [1.090, 1.110]"},
	} {
		var out strings.Builder
		code, err := streams{out: &out}.tellPrimitives(plan, tt.first, tt.second)
		if err != nil || code != tt.code {
			t.Errorf("%s: got exit %d, %v, want %d", tt.name, code, err, tt.code)
		}
		for _, want := range []string{
			"operation  std                 new                    verdict       measured again\n",
			"aes        256 ns (4.00 GB/s)  " + tt.aes,
			"sha        5000 ns             new: not allowed",
			"vaes       missing             std: no VAES",
			"x25519     3e+04 ns            no interval            inconclusive",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, out.String())
			}
		}
	}
}
