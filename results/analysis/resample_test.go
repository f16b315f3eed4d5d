package analysis

import (
	"math"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results"
)

// twins are bundles of two variants of which the second costs so many times the first, in one cell.
func twins(runs, groups int, cost float64) (all []*results.Bundle) {
	m := standard()
	m.groups, m.cost["boringcrypto"] = runs*groups, cost
	whole := m.bundle()
	for run := range runs {
		b := &results.Bundle{Manifest: whole.Manifest}
		for _, block := range whole.Blocks {
			if block.Group/groups == run {
				block.Group %= groups
				b.Blocks = append(b.Blocks, block)
			}
		}
		all = append(all, b)
	}
	return all
}

func gateOnCPU(groups, times int) Redrawing {
	return Redrawing{Metric: "server_cpu", Margin: 0.02, Level: 0.05, Groups: groups, Times: times, Seed: 7}
}

func TestRedrawFindsNothing(t *testing.T) {
	got, err := Redraw(twins(3, 8, 1), gateOnCPU(8, 600))
	if err != nil {
		t.Fatal(err)
	}
	if got.Comparisons != 600 || got.Invalid != 0 || got.Worse != 0 || got.Confirmed != 0 {
		t.Errorf("got %+v, want nothing found in 600 comparisons", got)
	}
	// 8 groups attain 3.9 % at a level of 5 %. Comparisons of the same few blocks depend on each other, so the share
	// scatters more than a binomial one.
	if share := float64(got.Excluded) / 600; share < 0.005 || share > 0.08 {
		t.Errorf("%.1f %% of the intervals exclude 1, want about 4", 100*share)
	}
}

// A machine on which every foursome has one half that costs a fifth more is one on which a redrawn comparison may be
// worse; that it is so twice is rare.
func TestRedrawConfirms(t *testing.T) {
	got, err := Redraw(twins(3, 8, 1.2), gateOnCPU(6, 600))
	if err != nil {
		t.Fatal(err)
	}
	if got.Worse == 0 || 10*got.Confirmed > got.Worse {
		t.Errorf("got %+v, want some worse and few of them confirmed", got)
	}
	if got.Excluded < got.Worse {
		t.Errorf("%d intervals exclude 1, but %d are worse", got.Excluded, got.Worse)
	}
}

func TestRedrawInvalid(t *testing.T) {
	bundles := twins(3, 8, 1)
	for i := range bundles[0].Blocks {
		bundles[0].Blocks[i].Client.Ledger.Mismatched = 1
	}
	got, err := Redraw(bundles, gateOnCPU(8, 20))
	if err != nil || got.Invalid != 20 {
		t.Errorf("got %+v, %v, want 20 invalid", got, err)
	}
}

func TestAlarms(t *testing.T) {
	of := func(b *results.Bundle) *Analysis {
		b.Manifest.Gates = []results.Gate{{Metric: "server_cpu", Worse: 0.02}, {Metric: "client_cpu", Worse: 0.02, Advisory: true}}
		return analyse(t, b)
	}
	spoiled := twins(1, 8, 1)[0]
	spoiled.Blocks[0].Client.Ledger.Mismatched = 1
	got := AlarmsOf([]*Analysis{of(twins(1, 8, 1)[0]), of(twins(1, 8, 1.05)[0]), of(spoiled)})
	if want := (Alarms{Comparisons: 3, Invalid: 1, Excluded: 1, Worse: 1, Confirmed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, test := range []struct {
		alarms Alarms
		want   float64
	}{
		{Alarms{Comparisons: 600}, 0.005},
		{Alarms{Comparisons: 602, Invalid: 2, Confirmed: 3}, 0.0124},
		{Alarms{Comparisons: 2, Invalid: 1}, 1},
	} {
		if got := test.alarms.AtMost(); !near(got, test.want, 0.0001) {
			t.Errorf("%+v: got at most %.4f, want %.4f", test.alarms, got, test.want)
		}
	}
}

func TestRedrawRefuses(t *testing.T) {
	for _, test := range []struct {
		bundles []*results.Bundle
		metric  string
		want    string
	}{
		{twins(1, 8, 1), "server_cpu", "8 with their confirmation take 16"},
		{twins(1, 8, 1), "cpu", `unknown metric "cpu"`},
		{nil, "server_cpu", "no cells"},
	} {
		o := gateOnCPU(8, 1)
		o.Metric = test.metric
		if _, err := Redraw(test.bundles, o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestPower(t *testing.T) {
	for _, test := range []struct{ cost, least, most float64 }{
		{1, 0, 0},       // nothing to find
		{1.02, 0, 0.10}, // at the margin
		{1.05, 0.99, 1},
	} {
		got, err := Power(twins(1, 12, test.cost)[0], gateOnCPU(12, 500))
		if err != nil || got < test.least || got > test.most {
			t.Errorf("cost %v: found in %.3f of runs (%v), want %v to %v", test.cost, got, err, test.least, test.most)
		}
	}
	if _, err := Power(twins(1, 3, 1)[0], gateOnCPU(12, 500)); err == nil {
		t.Error("three groups have no ratio")
	}
}

func TestNoises(t *testing.T) {
	all, err := Noises(twins(3, 8, 1))
	if err != nil {
		t.Fatal(err)
	}
	cpu := all[0]
	if cpu.Metric != "server_cpu" || cpu.Comparisons != 3 || cpu.Worse+cpu.Better != 0 || cpu.Lag1 == nil {
		t.Errorf("got %+v, want 3 comparisons of server_cpu that find nothing", cpu)
	}
	// Each block has 1 % of noise: the mean of two less that of two others has as much.
	if math.Abs(cpu.Spread/0.01-1) > 0.4 || cpu.HalfWidth <= 0 || cpu.HalfWidth > 0.02 {
		t.Errorf("spread %v and half-width %v, want 0.01 and less than 0.02", cpu.Spread, cpu.HalfWidth)
	}
	for i, n := range cpu.Needed {
		if n.Any == 0 || i > 0 && n.Any > cpu.Needed[i-1].Any {
			t.Errorf("%d groups find %v: a larger slowdown takes fewer, and all of these can be found", n.Any, n.Slowdown)
		}
		if beyond := n.Beyond > 0; beyond != (n.Slowdown > cpu.Margin) {
			t.Errorf("%d groups find %v beyond a margin of %v", n.Beyond, n.Slowdown, cpu.Margin)
		}
	}
}

func TestNoiseOfADifference(t *testing.T) {
	all, err := Noises(twins(2, 8, 1.05))
	if err != nil {
		t.Fatal(err)
	}
	if cpu := all[0]; cpu.Excluded != 2 || cpu.Worse != 2 {
		t.Errorf("got %+v, want both comparisons worse", cpu)
	}
}
