package reports_test

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// foreign is a name that tries to leave every format: a workflow command, a script's end, a table's bar, an encoded
// and a real line break, the end of a CDATA section, and control codes.
const foreign = "::error title=x::%0A</script>|]]>\n::warning::##[error]@all\x00\x1b[31my"

// gated is an analysis whose gates came out in every way that there is, with objectives, counts and null controls in
// every state. No run is like that: a null control that fires leaves no gate standing.
func gated() *analysis.Analysis {
	a := build([]handshake.Spec{
		{Kind: handshake.Full, Group: handshake.P384, Signature: handshake.ECDSAP384},
		{Kind: handshake.Resumed, Group: handshake.P384, Signature: handshake.ECDSAP384},
	}, []string{"std", "branch", foreign}, 10)
	m := &a.Manifest
	m.Scenario.Name = "gate"
	m.Looks, m.Confirm, m.Null = []int{10, 20, 40}, true, "null control"
	m.Gates = []results.Gate{{Metric: "instructions.crypto", Worse: 0.002, Line: 11}, {Metric: "server_cpu", Worse: 0.02, Line: 12}}
	m.Skips = []results.Skip{
		{Variant: "fips", Cell: m.Cells[1].Name, Reason: "FIPS mode refuses " + foreign},
		{Cell: "full/X25519/ed25519/server-auth", Reason: "the baseline does not run it"},
	}
	full, resumed := m.Cells[0].Name, m.Cells[1].Name
	a.Effects = slices.Concat(countedEffects(full, "branch", 1.0105), countedEffects(resumed, "branch", 1), a.Effects)
	gate(a, full, "branch", "instructions.crypto", 11, effect.Worse).Packages = []analysis.Package{
		{Name: "crypto/mlkem", Baseline: 1_204_000, Candidate: 1_269_300},
		{Name: foreign, Baseline: 0, Candidate: 12_345},
		{Name: "", Baseline: 40_000, Candidate: 38_000},
		{Name: "crypto/tls", Baseline: 100_000, Candidate: 101_000},
	}
	gate(a, resumed, "branch", "instructions.crypto", 11, effect.Same)
	missing := gate(a, full, "branch", "syscalls", 10, effect.Invalid)
	missing.Ratio, missing.Candidate.Value, missing.Failed = nil, nil, false
	missing.Warnings = []string{"not counted: see the gaps"}

	again := gate(a, full, "branch", "server_cpu", 12, effect.Worse)
	again.Judged.Confirmation = &analysis.Confirmation{Ratio: &effect.Ratio{Point: 1.033, Lo: 1.024, Hi: 1.041}, Groups: 10, Verdict: effect.Worse}
	gate(a, resumed, "branch", "server_cpu", 12, effect.Worse)
	accepted := gate(a, full, foreign, "server_cpu", 12, effect.Worse)
	accepted.Failed, accepted.Judged.Expected = false, &results.Expected{Metric: "server_cpu", Until: "2026-12-31", Because: "hardening " + foreign}
	gate(a, resumed, foreign, "server_cpu", 12, effect.Same)
	gate(a, full, "branch", "handshake_rate", 13, effect.Better)
	advice := gate(a, full, "branch", "service_p99", 14, effect.Worse)
	advice.Advisory, advice.Failed = true, false
	unclear := gate(a, resumed, "branch", "service_p99", 14, effect.Inconclusive)
	unclear.Advisory = true
	unsure := gate(a, full, "branch", "service_p50", 15, effect.Inconclusive)
	unsure.Judged.Confirmation = &analysis.Confirmation{Groups: 2, Verdict: effect.Inconclusive}
	unsure.Warnings = []string{"worse once, but inconclusive when measured again: not confirmed"}
	open := gate(a, resumed, "branch", "service_p50", 15, effect.Inconclusive)
	open.Judged.Ratio, open.Judged.Detectable = nil, 0
	open.Warnings = []string{"no 99.5 % interval from 7 groups, it takes 9"}
	refused := gate(a, resumed, foreign, "service_p50", 15, effect.Invalid)
	refused.Ratio, refused.Judged.Ratio, refused.Warnings = nil, nil, []string{"client-bound: " + foreign}

	a.Gating = &analysis.Gating{
		Looks: m.Looks, Taken: 2, Level: 0.0221, Once: 0.075, Confirmed: 0.001875,
		Families: []analysis.FamilyOfGates{{Family: metric.Exact, Gates: 3}, {Family: metric.CPU, Gates: 4}, {Family: metric.Rate, Gates: 1}, {Family: metric.Latency, Gates: 3}},
	}
	a.Null = []analysis.NullControl{
		{Metric: "server_cpu", Ratio: &effect.Ratio{Point: 1.001, Lo: 0.994, Hi: 1.008}, Pairs: 20, Level: 0.0033},
		{Metric: "handshake_rate", Ratio: &effect.Ratio{Point: 0.96, Lo: 0.93, Hi: 0.98}, Pairs: 20, Level: 0.0033, Fired: true},
		{Metric: "service_p50", Pairs: 3, Level: 0.0033},
	}
	a.Objectives = []analysis.Objective{
		{Objective: results.Objective{Text: "p(99)(service{kind=full}) < 6ms", Line: 17}, State: analysis.Met, Detail: "4.2 ms in " + full},
		{Objective: results.Objective{Text: "rate(failed) < 0.1%", Line: 18}, State: analysis.Missed, Detail: "0.3 % of " + foreign},
		{Objective: results.Objective{Text: "p(99.9)(response) < 20ms", Line: 19}, State: analysis.Unchecked, Detail: "p99.9 takes 3,688 handshakes"},
	}
	a.Exact = []exact.Counts{counted(full, "std", 1), counted(full, "branch", 1.0105), counted(full, foreign, 1.1), counted(resumed, "std", 0.2), counted(resumed, "branch", 0.2)}
	a.Exact[2].Server.Instructions, a.Exact[2].Syscalls = nil, nil
	a.Blocks[3].Role, a.Blocks[4].Role = results.Null, results.Confirming
	a.Summary.Exit = 1
	a.Summary.Sentence = "regression: branch has 1.0105x the server instructions in cryptography per handshake of std in " + full
	a.Summary.Findings = []string{foreign + " costs 1.030x the server CPU of std per handshake"}
	tally(a)
	return a
}

// gate puts an effect under a gate, with a ratio that goes with its verdict; a test may spoil it.
func gate(a *analysis.Analysis, cell, candidate, name string, line int, v effect.Verdict) *analysis.Effect {
	at := slices.IndexFunc(a.Effects, func(e analysis.Effect) bool {
		return e.Cell == cell && e.Candidate.Variant == candidate && e.Metric == name
	})
	e := &a.Effects[at]
	e.Gated, e.Verdict, e.Failed = true, v, v == effect.Worse
	e.Judged = &analysis.Judged{Line: line}
	if e.Exact {
		return e
	}
	beyond := float64(1.5 * e.Margin) // not fused: the same on every machine
	points := map[effect.Verdict]float64{effect.Worse: 1 + beyond, effect.Better: 1 / (1 + beyond), effect.Same: 1, effect.Inconclusive: 1 + e.Margin, effect.Invalid: 1}
	p := points[v]
	if e.Higher {
		p = 1 / p
	}
	e.Ratio = &effect.Ratio{Point: p, Lo: p * (1 - e.Margin/4), Hi: p * (1 + e.Margin/4)}
	e.Judged.Ratio = &effect.Ratio{Point: p, Lo: p * (1 - e.Margin/3), Hi: p * (1 + e.Margin/3)}
	e.Judged.Level, e.Judged.Detectable = 0.0221/4, 1.9*e.Margin
	return e
}

// countedEffects are a candidate's counts against the baseline's: those in cryptography are a factor apart.
func countedEffects(cell, candidate string, factor float64) []analysis.Effect {
	var all []analysis.Effect
	for i, m := range metric.Counted() {
		was := float64(1_000_000 * (i + 1))
		now := was
		if m.Name == "instructions.crypto" {
			now = was * factor
		}
		r := effect.Ratio{Point: now / was, Lo: now / was, Hi: now / was}
		all = append(all, analysis.Effect{
			Cell: cell, Metric: m.Name, Unit: m.Unit, Title: m.Title, Margin: m.Margin, Exact: true, Ratio: &r, Verdict: effect.Judge(r, m.Margin, m.Higher),
			Baseline: analysis.Side{Variant: "std", Value: &was}, Candidate: analysis.Side{Variant: candidate, Value: &now},
		})
	}
	return all
}

func counted(cell, name string, factor float64) exact.Counts {
	side := exact.Side{
		Instructions: map[string]float64{"crypto/mlkem": 1_204_000 * factor, "crypto/tls": 640_000, "net": 31_000, "runtime": 330_000, "": 40_000},
		Allocs:       419.5, AllocBytes: 61_300, Sent: 1596,
	}
	return exact.Counts{
		Cell: cell, Variant: name, Server: side, Client: side, Syscalls: map[string]float64{"read": 4, "write": 3, "close": 1},
		Key: exact.Key{Counter: "callgrind-3.19.0", Go: "go1.26.0", OS: "linux", Arch: "amd64", Level: "v1", Seeded: true, Handshakes: [2]int{10, 110}},
	}
}

// crowd is an analysis of so many cells, in each of which the gate on server CPU failed. Only the first cell was measured:
// drawings have a test of their own.
func crowd(cells int) *analysis.Analysis {
	a := build([]handshake.Spec{{Group: handshake.P384, Signature: handshake.ECDSAP384}}, []string{"std", "branch"}, 1)
	cell, some := a.Manifest.Cells[0], a.Effects[:3]
	a.Manifest.Gates = []results.Gate{{Metric: "server_cpu", Worse: 0.02, Line: 7}}
	a.Manifest.Cells, a.Effects = nil, nil
	for i := range cells {
		cell.Name = fmt.Sprintf("%s/alpn=%d", cell.Spec, i)
		a.Manifest.Cells = append(a.Manifest.Cells, cell)
		for _, e := range some {
			e.Cell, e.Candidate.Variant = cell.Name, "branch "+foreign
			if e.Metric == "server_cpu" {
				e.Gated, e.Failed, e.Verdict, e.Judged = true, true, effect.Worse, &analysis.Judged{Line: 7, Level: 0.0001, Ratio: e.Ratio}
			}
			a.Effects = append(a.Effects, e)
		}
	}
	a.Summary.Exit, a.Summary.Sentence = 1, "regression: "+foreign
	tally(a)
	return a
}

// calm is an analysis whose only gate found nothing.
func calm() *analysis.Analysis {
	a := build([]handshake.Spec{{Group: handshake.P384, Signature: handshake.ECDSAP384}}, []string{"std", "branch"}, 6)
	a.Manifest.Scenario.Name = foreign
	a.Manifest.Gates = []results.Gate{{Metric: "server_cpu", Worse: 0.02, Line: 3}}
	gate(a, a.Series[0].Cell, "branch", "server_cpu", 3, effect.Same)
	a.Objectives = []analysis.Objective{{Objective: results.Objective{Text: "rate(failed) < 1%"}, State: analysis.Met}}
	a.Summary.Sentence = "no difference"
	tally(a)
	return a
}
