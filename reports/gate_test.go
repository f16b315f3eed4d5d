package reports

import (
	"testing"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

func TestStandings(t *testing.T) {
	until := &results.Expected{Until: "2026-12-31", Because: "hardening"}
	again := &analysis.Confirmation{Ratio: &effect.Ratio{Point: 1.03, Lo: 1.025, Hi: 1.035}, Groups: 10, Verdict: effect.Worse}
	few := &analysis.Confirmation{Groups: 1, Verdict: effect.Inconclusive}
	for _, c := range []struct {
		e    analysis.Effect
		want standing
		text string
	}{
		{analysis.Effect{Verdict: effect.Worse, Failed: true}, gateFailed, "gate failed, not measured again"},
		{analysis.Effect{Verdict: effect.Worse, Failed: true, Exact: true}, gateFailed, "gate failed"},
		{analysis.Effect{Verdict: effect.Worse, Failed: true, Judged: &analysis.Judged{Confirmation: again}}, gateFailed,
			"gate failed, measured again: 1.030x\u00a0[1.025,\u00a01.035] worse in 10 groups"},
		{analysis.Effect{Verdict: effect.Worse, Failed: true, Exact: true, Judged: &analysis.Judged{Expected: until}}, gateFailed,
			"gate failed, expected only until 2026-12-31"},
		{analysis.Effect{Verdict: effect.Worse, Judged: &analysis.Judged{Expected: until}}, gateExpected, "expected until 2026-12-31: hardening"},
		{analysis.Effect{Verdict: effect.Worse, Advisory: true}, gateAdvised, "advisory gate: decides nothing"},
		{analysis.Effect{Verdict: effect.Inconclusive, Judged: &analysis.Judged{Confirmation: few}}, gateUnconfirmed,
			"not confirmed, measured again: no ratio from 1 group"},
		{analysis.Effect{Verdict: effect.Inconclusive}, gateUndecided, "undecided"},
		{analysis.Effect{Verdict: effect.Invalid}, gateRefused, "no claim"},
		{analysis.Effect{Verdict: effect.Better}, gatePassed, "passed"},
		{analysis.Effect{Verdict: effect.Same}, gatePassed, "passed"},
	} {
		if got, text := standingOf(c.e), standingText(c.e); got != c.want || text != c.text {
			t.Errorf("%+v: got %s, %q, want %s, %q", c.e, got, text, c.want, c.text)
		}
	}
}

// The worst gate is the one whose interval lies farthest beyond its margin, in either direction of a metric.
func TestWorstGates(t *testing.T) {
	gate := func(name string, lo, hi float64, more func(*analysis.Effect)) analysis.Effect {
		e := analysis.Effect{Metric: name, Gated: true, Failed: true, Verdict: effect.Worse, Margin: 0.02, Ratio: &effect.Ratio{Point: lo, Lo: lo, Hi: hi}}
		more(&e)
		return e
	}
	asIs := func(*analysis.Effect) {}
	a := &analysis.Analysis{Effects: []analysis.Effect{
		gate("server_cpu", 1.05, 1.06, asIs),
		gate("undecided", 1.5, 1.6, func(e *analysis.Effect) { e.Failed, e.Verdict = false, effect.Inconclusive }),
		gate("handshake_rate", 0.80, 0.85, func(e *analysis.Effect) { e.Higher = true }),
		gate("wide_margin", 1.12, 1.13, func(e *analysis.Effect) { e.Margin = 0.1 }),
		gate("ungated", 9, 9, func(e *analysis.Effect) { e.Gated = false }),
		gate("instructions.crypto", 1.04, 1.04, func(e *analysis.Effect) { e.Exact = true }),
	}}
	got := ""
	for _, e := range worstGates(a) {
		got += e.Metric + " "
	}
	if want := "handshake_rate server_cpu instructions.crypto wide_margin undecided "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
