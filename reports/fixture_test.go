package reports_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
	"github.com/tlslab/tlslab/results/profile"
)

// hostile is a name as a scenario file of a stranger could hold: markup, a table's bar, a terminal's escape code.
const hostile = "</script><b>|\x1b[31m`x`"

// sample is a small analysis that has one of everything: a failed gate, a comparison that is the same, one that is
// refused, one without an interval, a client-bound series, an open loop, thin samples, gaps, skips, hostile names.
func sample() *analysis.Analysis {
	specs := []handshake.Spec{
		{Kind: handshake.Full, Group: handshake.P384, Signature: handshake.ECDSAP384},
		{Kind: handshake.Resumed, Group: handshake.P384, Signature: handshake.ECDSAP384},
	}
	a := build(specs, []string{"std", "boringcrypto", hostile}, 7)
	a.Manifest.Cells[1].Load = loadgen.Load{
		Loop: loadgen.Open, Workers: 64, Process: loadgen.Poisson,
		Phases: []loadgen.Phase{{Length: 4 * time.Second, Rate: 120}},
	}
	a.Manifest.Skips = []results.Skip{
		{Variant: "fips-certified", Reason: "FIPS mode refuses pure X25519"},
		{Cell: "full/X25519/ed25519/server-auth", Reason: "<img src=x onerror=alert(1)>"},
	}
	a.Gaps = []results.Gap{{What: "instructions", Reason: "the machine has no hardware counters", Hint: "run on bare metal"}}
	a.Manifest.Gates = []results.Gate{{Metric: "server_cpu", Worse: 0.02}}
	a.Summary.Exit = 1
	a.Summary.Sentence = "regression: boringcrypto costs 2.31x the server CPU of std per handshake in " + a.Effects[0].Cell + " [2.28, 2.35], margin 2 %"
	a.Summary.Findings = []string{a.Summary.Sentence, hostile + " costs 1.004x the server CPU of std per handshake"}
	a.Summary.Trust = []string{"server and generator share CPUs in 36 of 36 blocks", "steal unknown in 36 of 36 blocks"}
	doubtful(a)
	tally(a)
	return a
}

// doubtful spoils some of the effects and blocks in each way that there is.
func doubtful(a *analysis.Analysis) {
	bound := "client-bound: the generator used 97 % of its CPUs, so rates and latencies are its own"
	for i := range a.Effects {
		e := &a.Effects[i]
		e.Gated = e.Metric == "server_cpu"
		e.Failed = e.Gated && e.Verdict == effect.Worse
		if m, _ := metric.ByName(e.Metric); m.Family == metric.Rate || m.Family == metric.Latency {
			if e.Cell == a.Series[0].Cell {
				e.Verdict, e.Warnings = effect.Inconclusive, []string{bound}
			}
		}
		switch e.Metric {
		case "handshake_max":
			e.Ratio.Lo, e.Ratio.Hi, e.Verdict = 0, math.Inf(1), effect.Inconclusive
		case "wire_bytes":
			e.Ratio, e.Verdict = nil, effect.Invalid
			e.Warnings = []string{"refused: suite TLS_AES_128_GCM_SHA256 against TLS_CHACHA20_POLY1305_SHA256 of " + hostile}
		case "response_p99":
			e.Ratio, e.Candidate.Value, e.Verdict = nil, nil, effect.Inconclusive
			e.Warnings = []string{"needs 368 handshakes in each block, the smallest had 300"}
		}
	}
	for i := range a.Effects[:18] {
		a.Effects[i].Groups, a.Effects[i].Measured = 6, 7
		a.Effects[i].Omissions = []string{"1 of 7 groups left out: steady disturbed in 1 block"}
	}
	a.Effects[0].Warnings = []string{"3 of 6 groups kept although disturbed, as too few are quiet: steal disturbed in 4 blocks"}
	a.Series[0].ClientBound, a.Series[1].ClientBound = true, true
	last := &a.Series[len(a.Series)-1]
	last.Valid--
	last.CPU = nil
	last.Server.Rejected, last.Server.Accepted = 3, last.Server.Accepted+3
	last.Server.Reasons = map[string]uint64{"tls: bad certificate <" + hostile + ">": 3}
	b := &a.Blocks[4]
	b.Valid = false
	b.Guards[0] = analysis.Guard{Name: "ledgers", State: analysis.Violated, Detail: "confirmed/completed: client 998, server 1001"}
	a.Blocks[1].Guards[1].State = analysis.ClientBound
	a.Blocks[1].Guards[1].Detail = "97 %, allowed 80 %"
}

func tally(a *analysis.Analysis) {
	for _, e := range a.Effects {
		a.Summary.Counts[e.Verdict]++
	}
}

// build is an analysis of the given size, with numbers that follow from it alone.
func build(specs []handshake.Spec, variants []string, groups int) *analysis.Analysis {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := &analysis.Analysis{Summary: analysis.Summary{Counts: map[effect.Verdict]int{}}}
	a.Manifest = results.Manifest{
		Schema: results.Schema, Tool: "v0.1.0", Seed: 42, Started: started, Finished: started.Add(93 * time.Second),
		Scenario: results.Scenario{Name: "p384 " + hostile, Text: "version: 1\nname: \"p384 " + hostile + "\"\n"},
		Environment: results.Environment{
			Host: "5f1c", OS: "linux", Kernel: "6.8.0", Arch: "amd64", CPUModel: "Example CPU 9000", CPUs: 2,
			Features: []string{"aes", "avx2", "sha"}, GoFeatures: []string{"aes", "avx2"}, Hypervisor: "kvm",
			MemoryBytes: 8 << 30, Sysctl: map[string]string{"net.core.somaxconn": "4096"}, Go: "go1.26.0",
			Placement: "server on 0, generator on 1",
		},
	}
	for i, name := range variants {
		a.Manifest.Variants = append(a.Manifest.Variants, variantOf(i, name))
	}
	for i, spec := range specs {
		name := spec.String()
		if i > 1 {
			name += fmt.Sprintf("/alpn=%d", i)
		}
		a.Manifest.Cells = append(a.Manifest.Cells, results.Cell{
			Name: name, Spec: spec, Variants: variants, Load: loadgen.Load{Loop: loadgen.Closed, Workers: 8, Handshakes: 1000},
		})
		measure(a, name, spec, variants, groups)
	}
	a.Manifest.Blocks = len(a.Blocks)
	return a
}

func variantOf(i int, name string) results.Variant {
	v := results.Variant{Name: name, Baseline: i == 0}
	v.SBOM = variant.SBOM{
		SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(name))), Bytes: 6_500_000, Go: "go1.26.0", Path: "github.com/tlslab/tlslab/cmd/tlslab-server",
		Settings: map[string]string{"CGO_ENABLED": "0", "GOAMD64": "v1"}, Source: "checkout",
		Symbol: "crypto/internal/boring/sig.StandardCrypto", DefaultGODEBUG: "fips140=off",
	}
	v.Hello = server.Hello{Go: "go1.26.0", GOMAXPROCS: 1}
	if name == "boringcrypto" {
		v.Build.Backend = variant.BoringCrypto
		v.SBOM.Settings = map[string]string{"CGO_ENABLED": "1", "GOAMD64": "v1", "GOEXPERIMENT": "boringcrypto"}
		v.SBOM.Symbol, v.Hello.Boring = "crypto/internal/boring/sig.BoringCrypto", true
		v.SBOM.Modules = []variant.Module{{Path: "golang.org/x/sys", Version: "v0.49.0"}}
	}
	return v
}

// factors are what a candidate costs more than the baseline, by the number of its variant.
var factors = []float64{1, 2.31, 1.004, 0.92, 1.3}

func measure(a *analysis.Analysis, cell string, spec handshake.Spec, variants []string, groups int) {
	for i, name := range variants {
		f := factors[i%len(factors)]
		h := distribution(groups*1000, f)
		s := analysis.Series{
			Cell: cell, Variant: name, Blocks: groups, Valid: groups, Values: valuesOf(f), GeneratorUse: 0.97,
			CPU: cpuOf(i), Handshake: h, Service: distribution(groups*1000, f*1.1), Response: distribution(groups*1000, f*1.4), Lateness: distribution(groups*400, 0.1),
		}
		s.Client, s.Server = ledgers(spec, uint64(groups)*1000)
		a.Series = append(a.Series, s)
		if i > 0 {
			a.Effects = append(a.Effects, effectsOf(cell, variants[0], name, f)...)
		}
	}
	for g := range groups {
		for i, name := range variants {
			a.Blocks = append(a.Blocks, blockOf(len(a.Blocks), cell, name, g, i, spec))
		}
	}
}

func valuesOf(f float64) map[string]float64 {
	v := map[string]float64{}
	for i, m := range metric.All() {
		switch m.Unit {
		case "s/handshake":
			v[m.Name] = 612e-6 * f
		case "s":
			v[m.Name] = 1.23e-3 * f * float64(i)
		case "share":
			v[m.Name] = 0.31 * f
		case "handshake/s":
			v[m.Name] = 1634.1 / f
		default:
			v[m.Name] = 482.25 * float64(i)
		}
	}
	return v
}

func effectsOf(cell, baseline, candidate string, f float64) []analysis.Effect {
	var all []analysis.Effect
	base, cand := valuesOf(1), valuesOf(f)
	for _, m := range metric.All() {
		b, c := base[m.Name], cand[m.Name]
		r := &effect.Ratio{Point: c / b, Lo: c / b * 0.987, Hi: c / b * 1.017}
		if m.Family == metric.Exact {
			r.Lo, r.Hi = r.Point, r.Point
		}
		all = append(all, analysis.Effect{
			Cell: cell, Metric: m.Name, Unit: m.Unit, Title: m.Title, Higher: m.Higher, Groups: 7, Measured: 7, Margin: m.Margin,
			Baseline:  analysis.Side{Variant: baseline, Value: &b},
			Candidate: analysis.Side{Variant: candidate, Value: &c},
			Ratio:     r, Verdict: effect.Judge(*r, m.Margin, m.Higher),
		})
	}
	return all
}

// cpuOf is where the CPU time of the i-th variant went.
func cpuOf(i int) *analysis.CPU {
	shares := [][]profile.Share{
		{{Name: "crypto/internal/fips140/nistec/fiat", Fraction: 0.59}, {Name: "runtime", Fraction: 0.155}, {Name: "crypto/internal/fips140/bigmod", Fraction: 0.12}, {Name: "syscall", Fraction: 0.11}, {Name: "net", Fraction: 0.015}, {Name: "time", Fraction: 0.01}},
		{{Name: "boringcrypto (cgo)", Fraction: 0.9}, {Name: "runtime", Fraction: 0.05}, {Name: "syscall", Fraction: 0.05}},
		{{Name: hostile, Fraction: 0.75}, {Name: "crypto/tls", Fraction: 0.25}},
	}[i%3]
	c := &analysis.CPU{Blocks: 7, Samples: 200, Spent: 2200 * time.Millisecond, Packages: shares}
	if i == 2 {
		c.Samples, c.Warnings = 44, []string{"44 samples: the shares are rough, it takes 100"}
	}
	c.Sampled = time.Duration(c.Samples) * 10 * time.Millisecond
	for _, s := range shares[:2] {
		c.Functions = append(c.Functions, profile.Share{Name: s.Name + ".Do[go.shape.interface { Sum() int }]", Fraction: s.Fraction / 2})
	}
	return c
}

// distribution is n times around f milliseconds with a long tail.
func distribution(n int, f float64) hist.Histogram {
	var h hist.Histogram
	for i := range n {
		u := (float64(i) + 0.5) / float64(n)
		body, tail := float64(0.9*u), float64(0.2*(1/math.Sqrt(1-u)-1)) // not fused: the same on every machine
		h.Record(int64(1e6 * f * (0.6 + body + tail)))
	}
	return h
}

func ledgers(spec handshake.Spec, n uint64) (c handshake.ClientLedger, s handshake.ServerLedger) {
	o := handshake.Outcome{Suite: handshake.AES128GCM, Group: spec.Group, Signature: spec.Signature, Resumed: spec.Kind == handshake.Resumed}
	c.Began, c.Connected, c.Confirmed, s.Accepted, s.Completed = n, n, n, n, n
	c.Shape.Count(o, n)
	s.Shape.Count(o, n)
	return c, s
}

func blockOf(index int, cell, name string, group, order int, spec handshake.Spec) analysis.Block {
	b := analysis.Block{
		Cell: cell, Variant: name, Index: index, Group: group, Order: order, Valid: true,
		Values: valuesOf(factors[order%len(factors)] * (1 + float64(index%7-3)/300)),
		Guards: []analysis.Guard{
			{Name: "ledgers", State: analysis.Passed, Detail: "client confirmed 1000, server completed 1000"},
			{Name: "generator_cpu", State: analysis.Passed, Detail: "61 %, allowed 80 %"},
			{Name: "steal", State: analysis.Unknown, Detail: "the system does not tell"},
		},
	}
	b.Client, b.Server = ledgers(spec, 1000)
	return b
}
