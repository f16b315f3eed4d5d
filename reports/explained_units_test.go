package reports

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

func TestTimeIntervals(t *testing.T) {
	for _, c := range []struct {
		i          attribution.Interval
		span, gain string
	}{
		{attribution.Interval{Value: 285e-6, Low: 240e-6, High: 330e-6, Known: true}, "285\u00a0µs [240,\u00a0330]", "+285\u00a0µs [+240,\u00a0+330]"},
		{attribution.Interval{Value: -5e-7, Low: -2e-5, High: 1.9e-5, Known: true}, "-0.5\u00a0µs [-20.0,\u00a019.0]", "-0.5\u00a0µs [-20.0,\u00a0+19.0]"},
		{attribution.Interval{Value: 0.0079, Low: 0.0079, High: 0.0079}, "7.90\u00a0ms", "+7.90\u00a0ms"},
		{attribution.Interval{}, "0\u00a0ns", "0\u00a0ns"},
		{attribution.Interval{Value: -1e-12, Known: true, Low: -1e-9, High: 1e-9}, "0.00\u00a0ns [-1.00,\u00a01.00]", "0.00\u00a0ns [-1.00,\u00a0+1.00]"},
		{attribution.Interval{Value: math.NaN(), Known: true}, noValue, noValue},
		{attribution.Interval{Value: 1, Low: math.Inf(-1), High: 2, Known: true}, "1.00\u00a0s", "+1.00\u00a0s"},
	} {
		if got := span(c.i); got != c.span {
			t.Errorf("span(%v) = %q, want %q", c.i, got, c.span)
		}
		if got := gain(c.i); got != c.gain {
			t.Errorf("gain(%v) = %q, want %q", c.i, got, c.gain)
		}
	}
}

// Joining windows keeps handshakes and mean occupancy, keeps the highest percentile, and never joins two blocks.
func TestCoarsened(t *testing.T) {
	var windows []attribution.Window
	for i := range 10 {
		w := attribution.Window{Block: i / 5, At: time.Duration(i%5) * time.Second, Length: time.Second, Handshakes: 10, Tracked: float64(i), Rate: float64(i)}
		w.Occupancy[account.User] = float64(i)
		windows = append(windows, w)
	}
	got := coarsened(windows, 5)
	if len(got) != 4 {
		t.Fatalf("got %d windows, want 4: three and two of each block", len(got))
	}
	want := []struct {
		block      int
		length     time.Duration
		mean, most float64
	}{{0, 3 * time.Second, 1, 2}, {0, 2 * time.Second, 3.5, 4}, {1, 3 * time.Second, 6, 7}, {1, 2 * time.Second, 8.5, 9}}
	for i, w := range want {
		g := got[i]
		if g.Block != w.block || g.Length != w.length || math.Abs(g.Occupancy[account.User]-w.mean) > 1e-9 || math.Abs(g.Rate-w.mean) > 1e-9 || g.Tracked != w.most {
			t.Errorf("window %d: got %+v, want %+v", i, g, w)
		}
	}
	if same := coarsened(windows, 10); len(same) != 10 {
		t.Errorf("10 windows fit, got %d", len(same))
	}
	if none := coarsened(nil, 10); len(none) != 0 {
		t.Errorf("of no windows there are %d", len(none))
	}
}

func TestStairs(t *testing.T) {
	var d Drawing
	d.stairs("curve", []float64{0, 1, 2, 3, 4}, []float64{5, 5, math.NaN(), 7})
	if got, want := d.Shapes[0].Path, "M0.0 5.0V5.0H1.0H2.0M3.0 7.0V7.0H4.0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The segments of a handshake's bar fill it, whatever is too small to draw.
func TestPhasedFillsTheBar(t *testing.T) {
	h := account.Handshake{Phases: make([]account.Times, 2)}
	h.Phases[0][account.User], h.Phases[1][account.Network], h.Phases[1][account.Kernel] = 600*time.Microsecond, 399*time.Microsecond, time.Microsecond
	for _, p := range h.Phases {
		h.Time.Add(p)
	}
	h.End = h.Time.Sum()
	var told []string
	for _, s := range phased(h, []string{"hello", "finished"}, h.Wall().Seconds()) {
		told = append(told, s.At+"+"+s.Width+" "+s.Description)
	}
	want := "0.0%+60.0% hello, user, 600 µs|60.0%+39.9% finished, network, 399 µs|99.9%+0.1% parts too small to draw, 1.00 µs"
	if got := strings.Join(told, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLeaked(t *testing.T) {
	for _, test := range []struct {
		share float64
		tone  Tone
	}{{0.05, Plain}, {-0.05, Plain}, {0.051, Doubt}, {-0.3, Doubt}, {math.NaN(), Doubt}} {
		if got := leaked(test.share, account.Network).Tone; got != test.tone {
			t.Errorf("%v elsewhere: got the tone %v, want %v", test.share, got, test.tone)
		}
	}
}

func TestExactPhase(t *testing.T) {
	e := analysis.Explanation{Explained: &attribution.Explained{Phases: []string{"hello"}, PhaseTimes: make([]account.Times, 1)}}
	e.PhaseTimes[0][account.User], e.PhaseTimes[0][account.Network] = 30*time.Microsecond, time.Second
	for _, phase := range []string{"hello", "", "elsewhere"} {
		if got := exactPhase(e, phase, 100e-6); got != noValue {
			t.Errorf("%q, user time not told apart: got %q", phase, got)
		}
	}
	e.Identity.Rows = []attribution.Row{{Class: account.User}}
	for phase, want := range map[string]string{"hello": "30.0 µs", "": "70.0 µs", "elsewhere": noValue} {
		if got := exactPhase(e, phase, 100e-6); got != want {
			t.Errorf("%q: got %q, want %q", phase, got, want)
		}
	}
}

// The notable come first, the strongest of either sign before the others.
func TestByNotability(t *testing.T) {
	notable, others := byNotability([]attribution.Correlation{
		{Name: "a", Rho: attribution.Interval{Value: 0.2}},
		{Name: "b", Rho: attribution.Interval{Value: 0.3}, Notable: true},
		{Name: "c", Rho: attribution.Interval{Value: -0.9}, Notable: true},
	})
	if len(notable) != 2 || notable[0].Name != "c" || len(others) != 1 || others[0].Name != "a" {
		t.Errorf("got %v and %v", notable, others)
	}
}

func TestLeftOver(t *testing.T) {
	i := attribution.Identity{Wall: attribution.Row{P50: 0.3}, Rows: []attribution.Row{{P50: 0.1}, {P50: 0.2}}}
	if got := leftOver(i, usual); got != 0 {
		t.Errorf("rounding is told as a residual of %v", got)
	}
	i.Rows[0].P50 = 0.15
	if got := leftOver(i, usual); math.Abs(got+0.05) > 1e-9 {
		t.Errorf("got %v, want -0.05", got)
	}
}
