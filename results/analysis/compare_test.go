package analysis

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
)

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

func warned(e Effect, part string) bool {
	return slices.ContainsFunc(slices.Concat(e.Omissions, e.Warnings), func(w string) bool { return strings.Contains(w, part) })
}

func TestEveryMetricIsMeasured(t *testing.T) {
	if got, want := len(measures), len(metric.All()); got != want {
		t.Errorf("got %d measures, want %d", got, want)
	}
	for _, m := range metric.All() {
		if measures[m.Name] == nil {
			t.Errorf("%s is not measured", m.Name)
		}
	}
}

func TestValuesOfABlock(t *testing.T) {
	var h hist.Histogram
	for i := range int64(400) {
		h.Record((i + 1) * 1e6)
	}
	b := standard().bundle().Blocks[0]
	b.Server.CPU = handshake.CPU{User: 200 * time.Millisecond, System: 40 * time.Millisecond}
	b.Client.CPU = handshake.CPU{User: 480 * time.Millisecond}
	b.Client.Wall = 2 * time.Second
	b.Client.Handshake, b.Client.Service, b.Client.Response = h, h, h
	want := map[string]float64{
		"server_cpu": 600e-6, "client_cpu": 1200e-6, "handshake_rate": 200, "server_allocs": 830,
		"server_alloc_bytes": 122_000, "wire_bytes": 3200, "lock_wait": 80e-9,
	}
	for _, of := range []string{"handshake", "service", "response"} {
		want[of+"_p50"], want[of+"_p90"], want[of+"_p99"], want[of+"_max"] = 0.2, 0.36, 0.396, 0.4
	}
	got := valuesOf(&b)
	if len(got) != len(want) {
		t.Errorf("got %d values, want %d", len(got), len(want))
	}
	for name, v := range want {
		if !near(got[name]/v, 1, 0.001) {
			t.Errorf("%s: got %v, want %v", name, got[name], v)
		}
	}
}

func TestAbsentIsNotZero(t *testing.T) {
	b := standard().bundle().Blocks[0]
	b.Server.CPU, b.Server.Runtime.AllocObjects, b.Client.Wall = handshake.CPU{}, 0, 0
	got := valuesOf(&b)
	for _, name := range []string{"server_cpu", "server_allocs", "handshake_rate"} {
		if v, ok := got[name]; ok {
			t.Errorf("%s was not measured: got %v, want no entry", name, v)
		}
	}
	if got := valuesOf(&results.Block{}); len(got) != 0 {
		t.Errorf("an empty block: got %v, want nothing", got)
	}
}

func TestSupport(t *testing.T) {
	for q, want := range map[float64]uint64{0.50: 6, 0.90: 36, 0.95: 72, 0.99: 368, 0.999: 3688, 1: 1} {
		if got := support(q); got != want {
			t.Errorf("quantile %v: got %d, want %d", q, got, want)
		}
	}
}

func TestEffectOfAPlantedDifference(t *testing.T) {
	m := standard()
	m.cost["boringcrypto"] = 2.31
	a := analyse(t, m.bundle())
	for name, want := range map[string]effect.Verdict{
		"server_cpu": effect.Worse, "handshake_rate": effect.Worse, "handshake_p50": effect.Worse, "service_max": effect.Worse,
		"server_allocs": effect.Same, "wire_bytes": effect.Same,
	} {
		e := effectOn(t, a, name)
		if e.Verdict != want || e.Ratio == nil || len(e.Warnings) > 0 || e.Groups != 8 {
			t.Errorf("%s: got %s %v %v in %d groups, want %s", name, e.Verdict, e.Ratio, e.Warnings, e.Groups, want)
		}
	}
	e := effectOn(t, a, "server_cpu")
	if !(e.Ratio.Lo < 2.31 && 2.31 < e.Ratio.Hi) || !near(e.Ratio.Point, 2.31, 0.03) {
		t.Errorf("got %v, want 2.31 inside", *e.Ratio)
	}
	if *e.Baseline.Value >= *e.Candidate.Value || e.Baseline.Variant != "std" || e.Candidate.Variant != "boringcrypto" {
		t.Errorf("got sides %v and %v", e.Baseline, e.Candidate)
	}
}

func TestOneEffectForEachCellCandidateAndMetric(t *testing.T) {
	m := standard()
	m.cost["fips140"] = 1
	resumed, alone := fullCell(), fullCell()
	resumed.Spec.Kind = handshake.Resumed
	resumed.Name, alone.Name = resumed.Spec.String(), "without the baseline"
	alone.Variants = []string{"boringcrypto", "fips140"}
	m.cells[0].Variants = []string{"std", "boringcrypto", "fips140"}
	m.cells = append(m.cells, resumed, alone)
	b := m.bundle()
	b.Manifest.Variants = append(b.Manifest.Variants, results.Variant{Name: "fips140"})
	a := analyse(t, b)
	if got, want := len(a.Effects), 3*(len(metric.All())-4-1); got != want {
		t.Errorf("got %d effects, want %d", got, want)
	}
	if got, want := len(a.Series), 7; got != want {
		t.Errorf("got %d series, want %d", got, want)
	}
	for _, e := range a.Effects {
		if e.Baseline.Variant != "std" || e.Candidate.Variant == "std" || e.Groups != 8 {
			t.Errorf("%s: %s against %s in %d groups", e.Cell, e.Candidate.Variant, e.Baseline.Variant, e.Groups)
		}
	}
}

func TestThinPercentiles(t *testing.T) {
	m := standard()
	m.handshakes = 200
	b := m.bundle()
	small := blocksFor(b, "std")[3]
	small.Client.Handshake = hist.Histogram{}
	for range 145 {
		small.Client.Handshake.Record(1e6)
	}
	a := analyse(t, b)
	for name, want := range map[string]bool{"handshake_p50": true, "handshake_p90": true, "handshake_p99": false, "handshake_max": true} {
		if e := effectOn(t, a, name); (e.Ratio != nil) != want {
			t.Errorf("%s: got ratio %v, want one: %v", name, e.Ratio, want)
		}
		if _, got := a.Blocks[0].Values[name]; got != want {
			t.Errorf("%s of a block: got %v, want %v", name, got, want)
		}
		if _, ok := a.Series[0].Values[name]; !ok {
			t.Errorf("%s: the pooled sample is large enough, but has no value", name)
		}
	}
	e := effectOn(t, a, "handshake_p99")
	if want := "p99 needs 368 handshakes in each block, the smallest had 145"; e.Verdict != effect.Inconclusive || !slices.Contains(e.Warnings, want) {
		t.Errorf("got %s %q, want inconclusive, %q", e.Verdict, e.Warnings, want)
	}
}

func TestUnmeasuredMetricHasNoRatio(t *testing.T) {
	b := standard().bundle()
	blocksFor(b, "boringcrypto")[2].Server.Runtime.AllocObjects = 0
	a := analyse(t, b)
	e := effectOn(t, a, "server_allocs")
	if e.Ratio != nil || e.Candidate.Value != nil || e.Baseline.Value == nil || e.Verdict != effect.Inconclusive || !warned(e, "not measured") {
		t.Errorf("got %+v", e)
	}
}

// A block that is left out need not have measured anything.
func TestInvalidBlockDoesNotHideAMetric(t *testing.T) {
	b := standard().bundle()
	block := blocksFor(b, "std")[2]
	block.Server.Runtime.AllocObjects, block.System.Steal = 0, 0.5
	if _, ok := analyse(t, b).Series[0].Values["server_allocs"]; !ok {
		t.Error("server_allocs is gone, though every valid block measured it")
	}
}

func TestFewGroupsAreInconclusive(t *testing.T) {
	m := standard()
	m.groups = 4
	e := effectOn(t, analyse(t, m.bundle()), "server_cpu")
	if e.Ratio != nil || e.Verdict != effect.Inconclusive || !warned(e, "no 95 % interval from 4 groups, it takes 6; the estimate alone is") {
		t.Errorf("got %s %v %q", e.Verdict, e.Ratio, e.Warnings)
	}
}

func TestNoiseLeavesGroupsOut(t *testing.T) {
	stolen := func(b *results.Block) { b.System.Steal = 0.3 }
	unsteady := func(b *results.Block) {
		last := &b.Server.Samples[len(b.Server.Samples)-1]
		last.CPU *= 3
	}
	spoil := func(groups, spoiled int, how func(*results.Block)) (*results.Bundle, Effect) {
		m := standard()
		m.groups = groups
		b := m.bundle()
		for i := range spoiled {
			how(&b.Blocks[4*i+1])
			b.Blocks[4*i+1].Server.CPU.User *= 10
		}
		return b, effectOn(t, analyse(t, b), "server_cpu")
	}
	for _, tt := range []struct {
		name            string
		how             func(*results.Block)
		groups, spoiled int
		want            effect.Verdict
		rest            int // groups
		warning         string
	}{
		{"nothing", stolen, 8, 0, effect.Same, 8, ""},
		{"stolen", stolen, 8, 2, effect.Same, 6, "2 of 8 groups left out: steal disturbed in 2 blocks"},
		{"too few quiet", stolen, 8, 3, effect.Inconclusive, 8, "3 of 8 groups kept although disturbed, as too few are quiet"},
		{"none quiet", stolen, 8, 8, effect.Inconclusive, 8, "all 8 groups kept although disturbed, as too few are quiet: steal disturbed in 8 blocks"},
		{"stolen, few groups", stolen, 4, 1, effect.Inconclusive, 4, "no 95 % interval from 4 groups"},
		{"unsteady may be the variant itself", unsteady, 8, 2, effect.Inconclusive, 8, ""},
		{"unsteady, few groups", unsteady, 4, 1, effect.Inconclusive, 4, "no 95 % interval from 4 groups"},
	} {
		_, e := spoil(tt.groups, tt.spoiled, tt.how)
		if e.Verdict != tt.want || e.Groups != tt.rest || tt.warning != "" && !warned(e, tt.warning) {
			t.Errorf("%s: got %s in %d groups, %q, want %s in %d, %q", tt.name, e.Verdict, e.Groups, e.Warnings, tt.want, tt.rest, tt.warning)
		}
	}
	{
		b, _ := spoil(8, 2, stolen)
		if s := analyse(t, b).Series[0]; s.Blocks != 16 || s.Valid >= 16 || !near(s.Values["server_cpu"], 600e-6, 10e-6) {
			t.Errorf("pooled over %d of %d blocks: %v, want the spoiled ones left out", s.Valid, s.Blocks, s.Values["server_cpu"])
		}
	}
}

func TestCorrectnessInvalidatesThePair(t *testing.T) {
	m := standard()
	other := fullCell()
	other.Spec.Group = handshake.X25519
	other.Name = other.Spec.String()
	m.cells = append(m.cells, other)
	b := m.bundle()
	for i := range b.Blocks {
		if b.Blocks[i].Cell == other.Name && b.Blocks[i].Variant == "std" {
			b.Blocks[i].Client.NoPort = 1
			break
		}
	}
	for _, e := range analyse(t, b).Effects {
		if want := e.Cell == other.Name; (e.Verdict == effect.Invalid) != want || (e.Ratio == nil) != want {
			t.Errorf("%s %s: got %s, ratio %v, want invalid: %v", e.Cell, e.Metric, e.Verdict, e.Ratio, want)
		} else if want && !warned(e, "ports violated in 1 of 16 blocks of std, first in block ") {
			t.Errorf("got %q", e.Warnings)
		}
	}
}

func TestClientBound(t *testing.T) {
	bound := func(gates ...results.Gate) *Analysis {
		m := standard()
		m.cost["boringcrypto"], m.gates = 2, gates
		b := m.bundle()
		for _, block := range blocksFor(b, "std") {
			block.Client.CPU.User = block.Client.Wall * 98 / 100
		}
		return analyse(t, b)
	}
	a := bound()
	if s := a.Series[0]; !s.ClientBound || !near(s.GeneratorUse, 0.98, 0.001) || s.Valid != s.Blocks {
		t.Errorf("got client-bound %v, use %v, %d of %d valid", s.ClientBound, s.GeneratorUse, s.Valid, s.Blocks)
	}
	for _, name := range []string{"handshake_rate", "handshake_p50", "service_p99"} {
		if e := effectOn(t, a, name); e.Verdict != effect.Inconclusive || e.Ratio == nil || !warned(e, "client-bound: with std the generator used 98 %") {
			t.Errorf("%s: got %s %v %q", name, e.Verdict, e.Ratio, e.Warnings)
		}
	}
	for name, want := range map[string]effect.Verdict{"server_cpu": effect.Worse, "server_allocs": effect.Same, "wire_bytes": effect.Same} {
		if e := effectOn(t, a, name); e.Verdict != want || len(e.Warnings) > 0 {
			t.Errorf("%s: got %s %q, want %s", name, e.Verdict, e.Warnings, want)
		}
	}
	a = bound(results.Gate{Metric: "handshake_rate", Worse: 0.03}, results.Gate{Metric: "handshake_p50", Worse: 0.1, Advisory: true})
	if e := effectOn(t, a, "handshake_rate"); e.Verdict != effect.Invalid || e.Ratio != nil || a.Summary.Exit != 3 {
		t.Errorf("gated: got %s %v, exit %d", e.Verdict, e.Ratio, a.Summary.Exit)
	}
	if e := effectOn(t, a, "handshake_p50"); e.Verdict != effect.Inconclusive || e.Ratio == nil || !e.Gated || !e.Advisory {
		t.Errorf("advisory: got %+v", e)
	}
}

func TestRefusedComparison(t *testing.T) {
	m := standard()
	m.cost["boringcrypto"] = 1.4
	b := m.bundle()
	for _, block := range blocksFor(b, "boringcrypto") {
		for _, s := range []*handshake.Shape{&block.Client.Ledger.Shape, &block.Server.Ledger.Shape} {
			s.Suites = map[string]uint64{handshake.ChaCha20Poly1305.String(): 400}
		}
	}
	a := analyse(t, b)
	const want = "refused: the variants negotiated different suites: TLS_AES_128_GCM_SHA256 against TLS_CHACHA20_POLY1305_SHA256"
	for _, e := range a.Effects {
		if e.Ratio != nil || e.Verdict != effect.Invalid || !slices.Contains(e.Warnings, want) {
			t.Errorf("%s: got %s %v %q", e.Metric, e.Verdict, e.Ratio, e.Warnings)
		}
	}
	if got := a.Summary; got.Exit != 3 || !strings.HasPrefix(got.Sentence, "invalid: none of 15 comparisons may be made: "+want) {
		t.Errorf("got exit %d, %q", got.Exit, got.Sentence)
	}
	if !a.Blocks[0].Valid {
		t.Error("the blocks themselves are fine")
	}
}

func TestGates(t *testing.T) {
	for _, tt := range []struct {
		name          string
		cost          float64
		gates         []results.Gate
		gated, failed bool
		margin        float64
		want          effect.Verdict
		exit          int
		sentence      string // part of it
	}{
		{"none", 1.10, nil, false, false, 0.02, effect.Worse, 0, "boringcrypto costs 1.1"},
		{"exceeded", 1.10, []results.Gate{{Metric: "server_cpu", Worse: 0.02}}, true, true, 0.02, effect.Worse, 1, "regression: boringcrypto costs"},
		{"wide", 1.10, []results.Gate{{Metric: "server_cpu", Worse: 0.20}}, true, false, 0.20, effect.Same, 0, "boringcrypto has "},
		{"advisory", 1.10, []results.Gate{{Metric: "server_cpu", Worse: 0.02, Advisory: true}}, true, false, 0.02, effect.Worse, 0, "boringcrypto costs"},
		{"other candidate", 1.10, []results.Gate{{Metric: "server_cpu", Candidate: "fips140", Worse: 0.02}}, false, false, 0.02, effect.Worse, 3, "was never judged"},
		{"this candidate", 1.10, []results.Gate{{Metric: "server_cpu", Candidate: "boringcrypto", Worse: 0.05}}, true, true, 0.05, effect.Worse, 1, "margin 5 %"},
		{"strictest of three", 1.10, []results.Gate{
			{Metric: "server_cpu", Worse: 0.20}, {Metric: "server_cpu", Worse: 0.03}, {Metric: "server_cpu", Worse: 0.01, Advisory: true},
		}, true, true, 0.03, effect.Worse, 1, "margin 3 %"},
		{"better", 0.80, []results.Gate{{Metric: "server_cpu", Worse: 0.02}}, true, false, 0.02, effect.Better, 0, "boringcrypto costs 0.8"},
		{"same", 1.00, []results.Gate{{Metric: "server_cpu", Worse: 0.02}}, true, false, 0.02, effect.Same, 0, "no difference beyond the margins in 14 comparisons"},
	} {
		m := standard()
		m.cost["boringcrypto"], m.gates = tt.cost, tt.gates
		a := analyse(t, m.bundle())
		e := effectOn(t, a, "server_cpu")
		if e.Gated != tt.gated || e.Failed != tt.failed || e.Margin != tt.margin || e.Verdict != tt.want || a.Summary.Exit != tt.exit {
			t.Errorf("%s: got gated %v failed %v margin %v %s exit %d", tt.name, e.Gated, e.Failed, e.Margin, e.Verdict, a.Summary.Exit)
		}
		if !strings.Contains(a.Summary.Sentence, tt.sentence) {
			t.Errorf("%s: got %q, want %q in it", tt.name, a.Summary.Sentence, tt.sentence)
		}
	}
}

// In a closed loop response time is service time: it is compared only where a gate asks for it.
func TestClosedLoopIsComparedOnce(t *testing.T) {
	compared := func(edit func(*made)) (found []string) {
		m := standard()
		edit(&m)
		for _, e := range analyse(t, m.bundle()).Effects {
			if strings.HasPrefix(e.Metric, "response_") {
				found = append(found, e.Metric)
			}
		}
		return found
	}
	for _, tt := range []struct {
		name string
		edit func(*made)
		want []string
	}{
		{"closed", func(*made) {}, nil},
		{"closed, gated", func(m *made) { m.gates = []results.Gate{{Metric: "response_p99", Worse: 0.1}} }, []string{"response_p99"}},
		{"open", func(m *made) { openLoop(&m.cells[0]) }, []string{"response_p50", "response_p90", "response_p99", "response_max"}},
	} {
		if got := compared(tt.edit); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOmissionsAreNoWarnings(t *testing.T) {
	b := standard().bundle()
	b.Blocks[1].System.Steal = 0.3
	e := effectOn(t, analyse(t, b), "server_cpu")
	if len(e.Warnings) != 0 || len(e.Omissions) != 1 || e.Omissions[0] != "1 of 8 groups left out: steal disturbed in 1 block" || e.Groups != 7 || e.Measured != 8 {
		t.Errorf("got %d of %d groups, omissions %q, warnings %q", e.Groups, e.Measured, e.Omissions, e.Warnings)
	}
}

func TestPart(t *testing.T) {
	for _, tt := range []struct {
		n, of int
		thing string
		want  string
	}{
		{1, 1, "block", "the only block"}, {8, 8, "group", "all 8 groups"}, {2, 8, "group", "2 of 8 groups"},
		{0, 1, "block", "0 of 1 block"}, {2, 2, "series", "both series"}, {12, 12, "series", "all 12 series"}, {1, 2, "series", "1 of 2 series"},
	} {
		if got := part(tt.n, tt.of, tt.thing); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Where one variant has too few quiet blocks, no variant's values rest on quiet ones alone.
func TestValuesOfACellRestOnBlocksOfOneKind(t *testing.T) {
	for stolen, want := range map[int][2]int{10: {6, 16}, 11: {16, 16}} {
		b := standard().bundle()
		for _, block := range blocksFor(b, "std")[:stolen] {
			block.System.Steal = 0.3
		}
		blocksFor(b, "boringcrypto")[0].System.Throttled = time.Millisecond
		s := analyse(t, b).Series
		if got := [2]int{s[0].Valid, s[1].Valid}; got != want {
			t.Errorf("%d of 16 disturbed: values rest on %v blocks, want %v", stolen, got, want)
		}
	}
}

func TestPooledSeries(t *testing.T) {
	b := standard().bundle()
	var cpu time.Duration
	for _, block := range blocksFor(b, "std") {
		cpu += block.Server.CPU.Total()
	}
	s := analyse(t, b).Series[0]
	if s.Blocks != 16 || s.Valid != 16 || s.Client.Confirmed != 6400 || s.Server.Completed != 6400 || s.Handshake.Count() != 6400 {
		t.Errorf("got %d blocks, %d valid, %d confirmed, %d completed, %d times", s.Blocks, s.Valid, s.Client.Confirmed, s.Server.Completed, s.Handshake.Count())
	}
	if got, want := s.Values["server_cpu"], cpu.Seconds()/6400; !near(got/want, 1, 1e-12) {
		t.Errorf("server_cpu: got %v, want %v", got, want)
	}
	if got := s.Client.Shape.Suites["TLS_AES_128_GCM_SHA256"]; got != 6400 {
		t.Errorf("suites: got %d, want 6400", got)
	}
	if s.ClientBound || s.GeneratorUse != 0.5 {
		t.Errorf("got client-bound %v, use %v", s.ClientBound, s.GeneratorUse)
	}
}

// Judging does not change the bundle: it can be done twice.
func TestOfIsPure(t *testing.T) {
	b := standard().bundle()
	first := analyse(t, b)
	second := analyse(t, b)
	for i := range first.Effects {
		x, y := first.Effects[i], second.Effects[i]
		if *x.Ratio != *y.Ratio || x.Verdict != y.Verdict || *x.Baseline.Value != *y.Baseline.Value {
			t.Errorf("%s: got %v, then %v", x.Metric, *x.Ratio, *y.Ratio)
		}
	}
	if got := b.Blocks[0].Client.Handshake.Count(); got != 400 {
		t.Errorf("a block's histogram grew to %d", got)
	}
}

func TestOfRefusesContradictions(t *testing.T) {
	for name, edit := range map[string]func(*results.Bundle){
		"unknown cell":    func(b *results.Bundle) { b.Blocks[0].Cell = "elsewhere" },
		"unknown variant": func(b *results.Bundle) { b.Blocks[0].Variant = "openssl" },
		"layouts": func(b *results.Bundle) {
			coarse, err := b.Blocks[0].Client.Service.Coarsen(3)
			if err != nil {
				t.Fatal(err)
			}
			b.Blocks[0].Client.Service = coarse
		},
	} {
		b := standard().bundle()
		edit(b)
		if a, err := Of(b); err == nil {
			t.Errorf("%s: got exit %d, want an error", name, a.Summary.Exit)
		}
	}
}
