package main

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/analysis/history"
	"github.com/tlslab/tlslab/results/exact"
)

func TestPointOf(t *testing.T) {
	side := func(name string) analysis.Side { return analysis.Side{Variant: name} }
	of := func(metric string, r *effect.Ratio, v effect.Verdict) analysis.Effect {
		return analysis.Effect{Cell: "full", Metric: metric, Baseline: side("std"), Candidate: side("pr"), Ratio: r, Verdict: v, Margin: 0.02}
	}
	gated := of("server_cpu", &effect.Ratio{Point: 1.0300000000001, Lo: 1.01, Hi: 1.05}, effect.Inconclusive)
	gated.Gated = true
	a := &analysis.Analysis{
		Manifest: results.Manifest{
			Finished: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), Seed: 7, Scenario: results.Scenario{Name: "nightly"},
			Variants:    []results.Variant{{Name: "std", Baseline: true}, {Name: "pr"}},
			Environment: results.Environment{CPUModel: "Example", Kernel: "6.8", Go: "go1.26.8", Host: "5f1c"},
		},
		Summary: analysis.Summary{Exit: 4, Sentence: "undecided"},
		Series:  []analysis.Series{{Cell: "full", Variant: "std", Values: map[string]float64{"server_cpu": 0.00061234567891}}},
		Exact:   []exact.Counts{{Cell: "full", Variant: "std", Server: exact.Side{Allocs: 412}}},
		Effects: []analysis.Effect{
			gated,
			of("wire_bytes", &effect.Ratio{Point: 1, Lo: 1, Hi: 1}, effect.Invalid),
			of("service_p99", nil, effect.Inconclusive),
			of("service_max", &effect.Ratio{Point: 1, Lo: 0, Hi: math.Inf(1)}, effect.Inconclusive),
		},
	}
	want := history.Point{
		When: a.Manifest.Finished, Scenario: "nightly", Commit: "c0ffee", Seed: 7, Exit: 4, Verdict: "undecided", Baseline: "std",
		Host:    history.Host{CPU: "Example", Kernel: "6.8", Go: "go1.26.8"},
		Values:  history.Values{"full": {"std": {"server_cpu": 0.00061234568, "counted.allocs": 412}}},
		Effects: history.Effects{"full": {"pr": {"server_cpu": {Ratio: 1.03, Lo: 1.01, Hi: 1.05, Margin: 0.02, Gated: true}}}},
	}
	if got := pointOf(a, "c0ffee"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}
