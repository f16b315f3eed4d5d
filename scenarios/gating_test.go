package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// refused is what planning says of a file: mistakes with their hints, one a line.
func refused(t *testing.T, text string) string {
	t.Helper()
	_, err := parsed(t, text).Plan(1, linux())
	if err == nil {
		return ""
	}
	var all *Errors
	if !errors.As(err, &all) {
		t.Fatalf("got a %T, want *Errors", err)
	}
	return listing(*all)
}

func TestHopelessGates(t *testing.T) {
	const eight = valid + "cells: {kind: [full, resumed], group: [X25519, P-256], signature: [ecdsa-p256, ed25519]}\n"
	const open = "variants: [{name: std}, {name: two}]\nload: {loop: open, length: 2s, arrival: {rate: 100/s}}\n"
	for _, tt := range []struct{ name, text, want string }{
		{"one comparison", valid + "gates: [{metric: server_cpu}]\nblocks: {groups: 5}",
			"3:9: this gate can never fail: 5 groups give p >= 0.0625, and 0.05 is asked for; it takes 6 groups\nhint: blocks: {groups: 6}"},
		{"enough for one", valid + "gates: [{metric: server_cpu}]\nblocks: {groups: 6}", ""},
		{"eight comparisons", eight + "gates:\n  - {metric: server_cpu}\nblocks: {groups: 6}",
			"5:5: this gate can never fail: 6 groups give p >= 0.0312, and 8 comparisons of the family cpu leave 0.00625 for each; it takes 9 groups\nhint: blocks: {groups: 9}"},
		{"enough for eight", eight + "gates: [{metric: server_cpu}]\nblocks: {groups: 9}", ""},
		{"two families", eight + "gates: [{metric: server_cpu}, {metric: service_p50}, {metric: handshake_rate}]\nblocks: {groups: 9}", ""},
		{"one family", eight + "gates: [{metric: server_cpu}, {metric: client_cpu}]\nblocks: {groups: 9}",
			"4:9: this gate can never fail: 9 groups give p >= 0.00391, and 16 comparisons of the family cpu leave 0.00313 for each; it takes 10 groups\nhint: blocks: {groups: 10}\n" +
				"4:31: this gate can never fail: 9 groups give p >= 0.00391, and 16 comparisons of the family cpu leave 0.00313 for each; it takes 10 groups\nhint: blocks: {groups: 10}"},
		{"the same comparisons twice", eight + "gates: [{metric: server_cpu}, {metric: server_cpu, candidate: two, worse: 5%}]\nblocks: {groups: 9}", ""},
		{"looks", valid + "gates: [{metric: server_cpu}]\nblocks: {groups: {looks: [2, 4, 6]}}",
			"3:9: this gate can never fail: 6 groups give p >= 0.0312, and 0.0221 is asked for; it takes 7 groups\nhint: blocks: {groups: {looks: [2, 4, 7]}}"},
		{"enough at the last look", valid + "gates: [{metric: server_cpu}]\nblocks: {groups: {looks: [2, 4, 7]}}", ""},
		{"counted", valid + "gates: [{metric: instructions.crypto}]\nblocks: {groups: 1}", ""},
		{"advisory", valid + "gates: [{metric: server_cpu, advisory: true}]\nblocks: {groups: 1}", ""},
		{"percentile", open + "gates: [{metric: response_p99}]",
			"3:9: this gate can never fail: p99 needs 368 handshakes in each block, and the load asks for 200\nhint: lengthen the load, or name a lower percentile"},
		{"lower percentile", open + "gates: [{metric: response_p90}]", ""},
		{"maximum", open + "gates: [{metric: response_max}]", ""},
		{"percentile of a closed loop", valid + "gates: [{metric: service_p99}]", ""},
		{"percentile of some loads", "variants: [{name: std}, {name: two}]\nload: [{name: a, handshakes: 367}, {name: b, handshakes: 368}, {name: c}]\ngates: [{metric: service_p99}]",
			"3:9: this gate can never fail: p99 needs 368 handshakes in each block, and the load a asks for 367\nhint: lengthen the load, or name a lower percentile"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := refused(t, tt.text); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// What a refusal says that it takes is enough, and one group less is not.
func TestRefusalSaysHowMany(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 30 {
		p := &Plan{Groups: 5 + random.IntN(3)}
		if random.IntN(2) == 0 {
			p.Looks = []int{1 + random.IntN(3), p.Groups}
		}
		d := GateDesign{Comparisons: 1 + random.IntN(200)}
		d.Level = p.lookLevel(d.Comparisons)
		_, hint, _ := strings.Cut(p.tooFew(d).hint, "groups: ")
		words := strings.FieldsFunc(hint, func(r rune) bool { return r < '0' || r > '9' })
		var enough int
		if _, err := fmt.Sscan(words[len(words)-1], &enough); err != nil {
			t.Fatal(err)
		}
		for groups, want := range map[int]bool{enough: true, enough - 1: false} {
			p.Groups = groups
			if p.Looks != nil {
				p.Looks[1] = groups
			}
			if got := p.MinimumP() <= p.lookLevel(d.Comparisons); got != want {
				t.Errorf("%d groups of looks %v for %d comparisons: can fail is %v, want %v", groups, p.Looks, d.Comparisons, got, want)
			}
		}
	}
}

func TestGating(t *testing.T) {
	const text = "variants: [{name: std}, {name: two}, {name: three}]\nload: {}\ncells: {kind: [full, resumed], exclude: [{kind: resumed, variant: three}]}\n" +
		"blocks: {groups: {looks: [10, 20]}}\n" +
		"gates: [{metric: server_cpu}, {metric: service_p50, candidate: three, worse: 5%}, {metric: service_p90, advisory: true}, {metric: counted.allocs}]\n"
	m := linux()
	m.Spread = map[string]float64{"server_cpu": 0.01}
	look, third := effect.Pocock([]int{10, 20}, 0.05), effect.Pocock([]int{10, 20}, 0.05/3)
	found := func(groups int) Detectable {
		return Detectable{groups, effect.Detectable(groups, 0.01*math.Sqrt2, 0.02, third, 0.80)}
	}
	minimum := effect.MinP(20)
	want := []GateDesign{
		{Metric: "server_cpu", Family: metric.CPU, Comparisons: 3, Level: third, MinimumP: minimum, Detectable: []Detectable{found(10), found(20)}},
		{Metric: "service_p50", Candidate: "three", Family: metric.Latency, Comparisons: 1, Level: look, MinimumP: minimum},
		{Metric: "service_p90", Family: metric.Latency, Comparisons: 1, Level: look, MinimumP: minimum},
		{Metric: "counted.allocs", Family: metric.Exact, Counted: true},
	}
	got := planned(t, text, m).Gating
	if !slices.EqualFunc(got.Gates, want, func(a, b GateDesign) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		t.Errorf("got\n%+v\nwant\n%+v", got.Gates, want)
	}
	if null := (NullDesign{Pairs: 20, Metrics: 2, Level: effect.Pocock([]int{10, 20}, 0.005), MinimumP: minimum}); *got.Null != null {
		t.Errorf("got null control %+v, want %+v", *got.Null, null)
	}
	if got.LookLevel != look || got.Once != 0.05 || got.Confirmed != 2*0.025*0.025 {
		t.Errorf("got %g a look, false blocks %g and %g confirmed, want %g, 0.05, 0.00125", got.LookLevel, got.Once, got.Confirmed, look)
	}
	if p := planned(t, strings.Replace(text, "{groups", "{confirm: false, groups", 1), m); p.Gating.Confirmed != 0.05 || p.Confirm {
		t.Errorf("got false blocks %g without confirmation, want 0.05", p.Gating.Confirmed)
	}
	if p := planned(t, valid+"gates: [{metric: instructions.crypto}]", m); p.Gating.Once != 0 || !p.Exact {
		t.Errorf("got false blocks %g of what is counted, and counts %v", p.Gating.Once, p.Exact)
	}
	if p := planned(t, valid, m); p.Gating != nil || p.Exact {
		t.Errorf("got gating %+v without gates, and counts %v", p.Gating, p.Exact)
	}
}

func TestDetectableJSON(t *testing.T) {
	got, err := json.Marshal([]Detectable{{10, math.Inf(1)}, {20, 0.5}})
	if want := `[{"groups":10,"slowdown":null},{"groups":20,"slowdown":0.5}]`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestDescribeGates(t *testing.T) {
	const text = "variants: [{name: base}, {name: head, server: {plant: {work: burn, count: 9}}, build: {layout: 3}}]\nload: {length: 300ms}\n" +
		"cells: {kind: [full, resumed]}\nblocks: {groups: {looks: [5, 10, 40]}, warmup: 100ms}\n" +
		"gates: [{metric: server_cpu}, {metric: service_p50, advisory: true}, {metric: counted.allocs}]\n" +
		"objectives: ['p(99)(response) < 6ms']\n" +
		"expected_regressions: [{gate: server_cpu, until: 2026-12-31, because: a check more}]\n"
	m := linux()
	m.Spread = map[string]float64{"server_cpu": 0.01}
	var out strings.Builder
	if err := planned(t, text, m).Describe(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"variants (2, of 2 builds)\n",
		"  head          candidate           std layout=3    plant work burn, count 9\n",
		"  null control  the baseline again  std",
		"gates\n  server_cpu of every candidate: at most 2% worse               cpu, one of 2: tested at 0.00944, p >= 1.82e-12  finds nothing after 5 groups, +2.",
		"  service_p50 of every candidate: at most 10% worse (advisory)  latency, alone: tested at 0.0195, p >= 1.82e-12  finds unknown: run tlslab selftest aa\n",
		"  counted.allocs of every candidate: at most 0.5% worse         exact: counted, without chance\n",
		"looks:         after 5, 10 and 40 groups, each at 0.0195, so that all together keep to 0.05\n",
		"null control:  40 pairs, 1 metric at 0.00366 each, p >= 1.82e-12\n",
		"confirmation:  a gate fails when a second, independent run of its cell says so too\n",
		"false blocks:  of changes that cost nothing at most 2.5% fail a timed gate, and at most 0.0625% once it is confirmed\n",
		"objectives\n  p(99)(response) < 6ms\n",
		"expected regressions\n  server_cpu of every candidate:  until 2026-12-31, a check more\n",
		"  320 blocks:          40 groups of each cell, 100ms warm-up each\n",
		"  before them:         exact counts of each variant in each cell, in which chance has no part\n",
		"  perhaps fewer:       a cell that is decided after 5 or 10 groups needs no more\n",
		"  80 more:             40 pairs of the null control, one a round\n",
		"  about 28s to 3m40s:  without the time to build the servers and to count\n",
		"nothing can be decided after 5 groups: they give p >= 0.0625, and it takes 0.0195\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
