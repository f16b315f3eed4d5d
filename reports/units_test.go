package reports

import (
	"math"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
)

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{0.000612, "s/handshake", "612 µs"},
		{0.0014137, "s/handshake", "1.41 ms"},
		{0.00099951, "s", "1.00 ms"},
		{0.0009994, "s", "999 µs"},
		{0.0099996, "s", "10.0 ms"},
		{12.3456, "s", "12.3 s"},
		{4.2e-7, "s", "420 ns"},
		{0, "s", "0 ns"},
		{1634.13, "handshake/s", "1,630/s"},
		{707.41, "handshake/s", "707/s"},
		{999.6, "handshake/s", "1,000/s"},
		{482.25, "allocs/handshake", "482.2"},
		{17, "allocs/handshake", "17"},
		{1234567, "B/handshake", "1,234,567 B"},
		{0.1 + 0.2, "B/handshake", "0.300 B"},
		{math.NaN(), "s", noValue},
		{math.Inf(1), "s", noValue},
	} {
		if got := quantity(c.v, c.unit); got != c.want {
			t.Errorf("quantity(%v, %s) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		r    *effect.Ratio
		want string
	}{
		{nil, "no ratio"},
		{&effect.Ratio{}, "no ratio"},
		{&effect.Ratio{Point: math.NaN()}, "no ratio"},
		{&effect.Ratio{Point: 1.02, Hi: math.Inf(1)}, "1.02x [no\u00a0interval]"},
		{&effect.Ratio{Point: 2.3104, Lo: 2.2801, Hi: 2.3496}, "2.31x\u00a0[2.28,\u00a02.35]"},
		{&effect.Ratio{Point: 1.0042, Lo: 0.9961, Hi: 1.0123}, "1.004x\u00a0[0.996,\u00a01.012]"},
		{&effect.Ratio{Point: 0.9384, Lo: 0.8421, Hi: 1.1078}, "0.94x\u00a0[0.84,\u00a01.11]"},
		{&effect.Ratio{Point: 12.34, Lo: 9.5, Hi: 140.4}, "12.3x\u00a0[9.50,\u00a0140]"},
	} {
		if got := ratio(c.r); got != c.want {
			t.Errorf("ratio(%v) = %q, want %q", c.r, got, c.want)
		}
	}
}

func TestAll(t *testing.T) {
	for n, want := range map[int]string{1: "the only block", 2: "both blocks", 12: "all 12 blocks"} {
		if got := all(n, "block"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestKeysAreUniqueAndHaveUnits(t *testing.T) {
	seen := map[string]string{}
	for _, m := range metric.All() {
		k := key(m)
		if other, twice := seen[k]; twice {
			t.Errorf("%s and %s are both %s", m.Name, other, k)
		}
		seen[k] = m.Name
	}
	for k, want := range map[string]string{
		"server_cpu_seconds_per_handshake": "server_cpu", "wire_bytes_per_handshake": "wire_bytes",
		"handshake_rate_per_second": "handshake_rate", "handshake_p99_seconds": "handshake_p99",
	} {
		if seen[k] != want {
			t.Errorf("%s is %q, want %q", k, seen[k], want)
		}
	}
}

// The published thresholds: p90 takes 36 values, p99 368, p99.9 3,688.
func TestSupported(t *testing.T) {
	for _, c := range []struct {
		share float64
		need  uint64
	}{{0.5, 6}, {0.9, 36}, {0.99, 368}, {0.999, 3688}} {
		if !supports(c.need, c.share) || supports(c.need-1, c.share) {
			t.Errorf("p%v: %d supports it: %v, %d: %v", 100*c.share, c.need, supports(c.need, c.share), c.need-1, supports(c.need-1, c.share))
		}
	}
	if Supported(0) != 0 {
		t.Error("no value supports a quantile")
	}
}

func TestRatioTicks(t *testing.T) {
	for _, axis := range []scale{{0.9, 1.1, 2, 98}, {0.2, 5, 2, 98}, {0.88, 2.4, 2, 98}} {
		ticks := ratioTicks(axis)
		one := false
		for i, tick := range ticks {
			one = one || tick.Label == "1x"
			if i > 0 && share(tick.At)-share(ticks[i-1].At) < 9.9 {
				t.Errorf("axis %v: %v and %v are too close", axis, ticks[i-1], tick)
			}
		}
		if !one || len(ticks) < 3 {
			t.Errorf("axis %v has the ticks %v", axis, ticks)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("a bc full/P-384/ecdsa-p384/server-auth d\x1b\u202ee", 18)
	want := []string{"a bc", "full/P-384/ecdsa-", "p384/server-auth", "d??e"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: got %q, want %q", i, got[i], want[i])
		}
	}
}

func TestWeight(t *testing.T) {
	a := sampleEffects()
	var got string
	for _, e := range weighted(a) {
		got += e.Metric + " "
	}
	if want := "failed gated server_cpu far near across none "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func sampleEffects() []analysis.Effect {
	return []analysis.Effect{
		{Metric: "none"},
		{Metric: "across", Ratio: &effect.Ratio{Point: 1.3, Lo: 0.5, Hi: 3}},
		{Metric: "near", Ratio: &effect.Ratio{Point: 1.3, Lo: 1.2, Hi: 1.4}},
		{Metric: "server_cpu", Ratio: &effect.Ratio{Point: 1.02, Lo: 1.01, Hi: 1.03}},
		{Metric: "far", Ratio: &effect.Ratio{Point: 0.5, Lo: 0.45, Hi: 0.6}},
		{Metric: "gated", Gated: true, Ratio: &effect.Ratio{Point: 1, Lo: 0.99, Hi: 1.01}},
		{Metric: "failed", Gated: true, Failed: true, Ratio: &effect.Ratio{Point: 1.1, Lo: 1.05, Hi: 1.2}},
	}
}

func TestThinSamplesAreMarked(t *testing.T) {
	var h hist.Histogram
	for i := range int64(30) {
		h.Record(1_000_000 + i*1000)
	}
	if c := quantileCell(&h, 0.5); c.Note != "" || c.Text != "1.01 ms" {
		t.Errorf("p50 of 30: got %+v", c)
	}
	if c := quantileCell(&h, 0.9); c.Note != "thin" {
		t.Errorf("p90 of 30: got %+v, want it marked thin", c)
	}
	if c := quantileCell(&h, 0.99); c.Text != noValue {
		t.Errorf("p99 of 30: got %+v, want no value", c)
	}
	var d Drawing
	drawQuantiles(&d, 1, &h, 3, scale{1e-4, 1e-2, plotBottom, plotTop})
	var classes []string
	for _, s := range d.Shapes {
		classes = append(classes, s.Class)
	}
	if got, want := strings.Join(classes, ", "), "curve thin s1, curve s1, mark s1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
