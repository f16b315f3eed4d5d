package analysis

import (
	"testing"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// timings is an operation whose candidates cost so much against the baseline's cost, in groups of different speed.
func timings(name string, bytes, groups int, cost float64, candidates map[string]float64) results.Operation {
	o := results.Operation{Name: name, Bytes: bytes, Times: map[string][][]float64{}}
	for n := range groups {
		speed := 1 + float64(n)/10
		o.Times["std"] = append(o.Times["std"], []float64{cost * speed, 1.02 * cost * speed})
		for v, ratio := range candidates {
			o.Times[v] = append(o.Times[v], []float64{cost * speed * ratio, 1.02 * cost * speed * ratio})
		}
	}
	return o
}

func TestPrimitivesOf(t *testing.T) {
	m := results.Manifest{
		Variants: []results.Variant{{Name: "std", Baseline: true}, {Name: "new"}, {Name: "old"}, {Name: "again"}}, Null: "again",
	}
	of := func(groups int) map[string]Primitive {
		missing := timings("x25519", 0, groups, 30_000, map[string]float64{"old": 1})
		missing.Missing = map[string]string{"new": "not allowed"}
		baseless := timings("vaes", 0, groups, 1, map[string]float64{"new": 1, "old": 1})
		delete(baseless.Times, "std")
		baseless.Missing = map[string]string{"std": "no VAES"}
		all := PrimitivesOf(m, &results.Primitives{Groups: groups, Operations: []results.Operation{
			timings("aes", 1<<10, groups, 256, map[string]float64{"new": 1, "old": 0.5}),
			timings("sha", 0, groups, 200, map[string]float64{"new": 1.05, "old": 1.01}),
			missing, baseless,
		}})
		if len(all) != 12 || all[0].Name != "aes" || all[0].Variant != "std" || all[1].Variant != "new" || all[2].Variant != "old" || all[3].Name != "sha" {
			t.Fatalf("got %d primitives in another order: %+v", len(all), all)
		}
		by := map[string]Primitive{}
		for _, p := range all {
			by[p.Name+" "+p.Variant] = p
		}
		return by
	}
	got := of(8)
	for _, tt := range []struct {
		name    string
		time    float64 // nanoseconds
		verdict effect.Verdict
		ratio   float64 // zero: none
		missing string
	}{
		{"aes std", 358.4, "", 0, ""},
		{"aes new", 358.4, effect.Same, 1, ""},
		{"aes old", 179.2, effect.Better, 0.5, ""},
		{"sha new", 294, effect.Worse, 1.05, ""},
		{"sha old", 282.8, effect.Same, 1.01, ""},
		{"x25519 new", 0, "", 0, "not allowed"},
		{"x25519 old", 42_000, effect.Same, 1, ""},
		{"vaes std", 0, "", 0, "no VAES"},
		{"vaes new", 1.4, "", 0, ""},
	} {
		p := got[tt.name]
		if !near(p.Time, tt.time, 1e-6) || p.Verdict != tt.verdict || p.Missing != tt.missing {
			t.Errorf("%s: got %+v", tt.name, p)
		}
		if (p.Ratio != nil) != (tt.ratio > 0) || p.Ratio != nil && !near(p.Ratio.Point, tt.ratio, 1e-9) {
			t.Errorf("%s: got ratio %v, want %v", tt.name, p.Ratio, tt.ratio)
		}
	}
	if got := got["aes std"].Throughput(); !near(got, 1024/358.4e-9, 1) {
		t.Errorf("got %v bytes/s", got)
	}
	if got := got["vaes std"].Throughput() + got["sha std"].Throughput(); got != 0 {
		t.Errorf("got %v bytes/s of no amount", got)
	}

	// Five comparisons share the error: 6 groups have p >= 0.031, and it takes 0.01.
	six := of(6)
	for name, want := range map[string]effect.Verdict{"sha new": effect.Inconclusive, "aes old": effect.Inconclusive, "aes new": effect.Same} {
		if p := six[name]; p.Ratio == nil || p.Verdict != want {
			t.Errorf("%s in six groups: got %+v, want an interval and %s", name, p, want)
		}
	}
	if p := of(5)["sha new"]; p.Ratio != nil || p.Verdict != effect.Inconclusive {
		t.Errorf("five groups: got %+v, want no interval", p)
	}
	if got := PrimitivesOf(m, nil); got != nil {
		t.Errorf("got %v of nothing", got)
	}
}
