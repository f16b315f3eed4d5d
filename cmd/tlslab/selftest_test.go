package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// ordinary is a machine as this one.
func ordinary() *lab.Sizes {
	return &lab.Sizes{CPU: 700e-6, Compression: 50e-9, Allocs: 625, AllocBytes: 57_800, Wire: 2642, Service: 1440 * time.Microsecond}
}

func TestWorks(t *testing.T) {
	want := []string{
		"+5 % CPU: {work: burn, count: 700}",
		"+1.4 % allocations: {work: alloc, count: 9}", // as many as half the margin of their bytes allows
		"+1 system call: {work: syscall, count: 1}",
		"+2 % bytes: {work: bytes, count: 53}",
		"sleep of half the p50: {work: sleep, size: 720µs}",
		"lock held half the p50: {work: lock, size: 720µs}",
	}
	for i, w := range works(ordinary()) {
		if got := w.name + ": " + w.yaml(); got != want[i] {
			t.Errorf("got %s, want %s", got, want[i])
		}
	}
}

// Every scenario of a self-test can be planned on any machine, and plants what it says.
func TestScenariosOfSelftests(t *testing.T) {
	t.Setenv("TLSLAB_CACHE", t.TempDir())
	for _, groups := range []int{6, 13, 14, 20, 40} {
		for _, w := range works(ordinary()) {
			plan, err := planText(fmt.Sprintf(powerScenario, w.yaml(), looksOf(groups), "auto", gatesOf(w)))
			if err != nil {
				t.Fatalf("%s in %d groups: %v", w.name, groups, err)
			}
			if got := *plan.Variants[1].Server.Plant; got != w.plant || plan.Variants[0].Server.Plant != nil {
				t.Errorf("%s: planted %+v", w.name, got)
			}
			if plan.Groups != groups || plan.Null != nil || plan.Confirm || !plan.Exact {
				t.Errorf("%s: %d groups, null control %v, confirm %t, exact %t", w.name, plan.Groups, plan.Null, plan.Confirm, plan.Exact)
			}
		}
	}
	plan, err := planText(fmt.Sprintf(aaScenario, 1, 2, aaBlock, 10, aaGate, 100*aaMargin))
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Cells) != 3 || plan.Null == nil || !plan.Confirm || plan.Variants[0].Build.Layout == plan.Variants[1].Build.Layout {
		t.Errorf("%d cells, null control %v, confirm %t", len(plan.Cells), plan.Null, plan.Confirm)
	}
}

// said makes an effect of a metric whose interval is 1 % to either side of its ratio.
func said(metric string, ratio float64, v effect.Verdict) analysis.Effect {
	return analysis.Effect{Metric: metric, Verdict: v, Groups: 20, Ratio: &effect.Ratio{Point: ratio, Lo: ratio * 0.99, Hi: ratio * 1.01}}
}

func TestWorkIsJudged(t *testing.T) {
	w := burn(0.05, ordinary())
	caught, counted := said("server_cpu", 1.05, effect.Worse), said("instructions.crypto", 1.06, effect.Worse)
	for _, test := range []struct {
		name    string
		effects []analysis.Effect
		right   bool
		want    string // of what is written
	}{
		{"by all", []analysis.Effect{caught, counted}, true, "caught by       server_cpu 1.050x [1.040, 1.060], instructions.crypto"},
		{"not counted", []analysis.Effect{caught}, true, "not counted     instructions.crypto"},
		{"counted under other conditions", []analysis.Effect{caught, {Metric: "instructions.crypto", Verdict: effect.Invalid}}, true, "not counted     instructions.crypto"},
		{"another thing that it costs", []analysis.Effect{caught, said("handshake_rate", 0.96, effect.Worse)}, true, "costs too       handshake_rate"},
		{"the plant's own code", []analysis.Effect{caught, said("instructions.other", 1.008, effect.Worse)}, true, "costs too       instructions.other"},
		{"the far tail", []analysis.Effect{caught, said("service_p99", 2, effect.Worse), said("service_max", 2, effect.Worse)}, true, ""},
		{"a difference to the good", []analysis.Effect{caught, said("wire_bytes", 0.9, effect.Better)}, true, ""},
		{"undecided", []analysis.Effect{said("server_cpu", 1.03, effect.Inconclusive)}, false, "missed by       server_cpu 1.030x [1.020, 1.040] inconclusive"},
		{"invalid", []analysis.Effect{{Metric: "server_cpu", Verdict: effect.Invalid}}, false, "missed by       server_cpu invalid"},
		{"not measured", nil, false, "missed by       server_cpu not measured"},
		{"counted the same", []analysis.Effect{caught, said("instructions.crypto", 1, effect.Same)}, false, "missed by       instructions.crypto"},
		{"the wrong metric too", []analysis.Effect{caught, said("server_allocs", 1.01, effect.Worse)}, false, "falsely blamed  server_allocs"},
	} {
		got := w.judge(test.effects)
		var text bytes.Buffer
		got.write(&text)
		if got.right() != test.right || !strings.Contains(text.String(), test.want) {
			t.Errorf("%s: right %t, want %t, and %q in\n%s", test.name, got.right(), test.right, test.want, &text)
		}
	}
}

func TestPowerIsTold(t *testing.T) {
	w := burn(0.05, ordinary())
	found := powerFound{
		Plants: []tripped{w.judge([]analysis.Effect{said("server_cpu", 1.05, effect.Worse)})},
		Power:  timedPower{Planted: 0.04, Ratio: &effect.Ratio{Point: 1.041, Lo: 1.03, Hi: 1.05}, Margin: 0.02, Found: 0.98, Confirmed: 0.96, Minutes: 0.74},
		Exact:  &exactPower{Count: 30, Ratio: 1.0102, Caught: true, Seconds: 14},
	}
	for _, test := range []struct {
		change func(*powerFound)
		sound  bool
		want   string
	}{
		{func(*powerFound) {}, true, "timing gate: +4 % CPU (measured 1.041x [1.030, 1.050]) against a margin of 2 % is found in 98.0 % of runs, in 96.0 % with confirmation; 0.7 minutes a cell"},
		{func(*powerFound) {}, true, "exact gate:  +1 % (30 compressions) is instructions.crypto 1.0102x, refused after 14 s"},
		{func(f *powerFound) { f.Exact = nil }, true, "exact gate:  nothing was counted"},
		{func(f *powerFound) { f.Exact = &exactPower{Count: 30, Ratio: 1.001} }, false, "NOT refused"},
		{func(f *powerFound) { f.Plants = []tripped{w.judge(nil)} }, false, "WRONG"},
	} {
		f := found
		test.change(&f)
		var text bytes.Buffer
		if err := f.write(&text); err != nil {
			t.Fatal(err)
		}
		if f.sound() != test.sound || !strings.Contains(text.String(), test.want) {
			t.Errorf("sound %t, want %t, and %q in\n%s", f.sound(), test.sound, test.want, &text)
		}
		if _, err := json.Marshal(f); err != nil {
			t.Error(err)
		}
	}
}

func TestFalseAlarmsAreTold(t *testing.T) {
	lag := 0.58
	found := aaFound{
		Runs: 7, Groups: 10, Gate: aaGate, Seconds: 534,
		Measured: newAlarms(analysis.Alarms{Comparisons: 21, Excluded: 1}),
		Metrics: []analysis.Noise{{
			Metric: "server_cpu", Margin: 0.02, Comparisons: 21, Excluded: 1, HalfWidth: 0.012, Spread: 0.013, Lag1: &lag,
			Needed: []analysis.Needed{{Slowdown: 0.01, Any: 19}, {Slowdown: 0.05, Any: 6, Beyond: 7}},
		}},
	}
	again := newAlarms(analysis.Alarms{Comparisons: 600, Excluded: 30, Worse: 1})
	for _, test := range []struct {
		change func(*aaFound)
		sound  bool
		want   string
	}{
		{func(*aaFound) {}, true, "21 comparisons of server_cpu: 1 (4.8 % [0.8, 22.7]) exclude 1; 0 worse, 0 confirmed, which is at most 14.3 %"},
		{func(*aaFound) {}, true, "resampled:     nothing, that takes 3 runs"},
		{func(*aaFound) {}, true, "server_cpu  21        1 (4.8 % [0.8, 22.7])  2 %     0      0       1.2 %       1.3 %   +0.58  19, -  6, 7"},
		{func(f *aaFound) { f.Resampled = &again }, true, "600 comparisons of server_cpu: 30 (5.0 % [3.5, 7.0]) exclude 1; 1 worse, 0 confirmed, which is at most 0.5 %"},
		{func(f *aaFound) { f.Measured.Confirmed = 1 }, false, "1 confirmed"},
		{func(f *aaFound) { f.Measured.Invalid = 21 }, false, "21 invalid"},
		{func(f *aaFound) { bad := again; bad.Confirmed = 2; f.Resampled = &bad }, false, "2 confirmed"},
		{func(f *aaFound) { f.Metrics = nil }, true, "metric"},
	} {
		f := found
		test.change(&f)
		var text bytes.Buffer
		if err := f.write(&text); err != nil {
			t.Fatal(err)
		}
		if f.sound() != test.sound || !strings.Contains(text.String(), test.want) {
			t.Errorf("sound %t, want %t, and %q in\n%s", f.sound(), test.sound, test.want, &text)
		}
		if _, err := json.Marshal(f); err != nil {
			t.Error(err)
		}
	}
}
