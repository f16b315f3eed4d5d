package attribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/profile"
)

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

// bursts wait 2 ms for a lock in a tenth of the time.
func bursts(at time.Duration, _ int, rng *rand.Rand) (t account.Times) {
	if at%(2*time.Second) < 200*time.Millisecond {
		t[account.Goroutine] = 2*time.Millisecond + time.Duration(rng.ExpFloat64()*100e3)
	}
	return t
}

func ordinary(blocks int) (all []Observed) {
	for i := range blocks {
		all = append(all, made{seed: uint64(i + 1), block: i, group: i / 2, length: 4 * time.Second, rate: 500,
			extra: bursts, samples: true}.observed())
	}
	return all
}

func TestIdentityAddsUp(t *testing.T) {
	e := Explain(ordinary(3))
	var means, p50, p99, shares float64
	for _, r := range e.Identity.Rows {
		means, p50, p99, shares = means+r.Mean.Value, p50+r.P50, p99+r.P99, shares+r.Share
		if !r.Mean.Known || r.Mean.Low > r.Mean.Value || r.Mean.High < r.Mean.Value {
			t.Errorf("%s: got interval %+v, want one around the value", r.Class, r.Mean)
		}
	}
	wall := e.Identity.Wall
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"mean", means, wall.Mean.Value}, {"p50", p50, wall.P50}, {"p99", p99, wall.P99}, {"share", shares, 1}} {
		if !near(c.got, c.want, 1e-12) {
			t.Errorf("%s: the rows add up to %v, want %v", c.name, c.got, c.want)
		}
	}
	if e.Identity.Residual.P99 != 0 {
		t.Errorf("residual: got %v, want 0", e.Identity.Residual.P99)
	}
	if got, want := len(e.Identity.Rows), 7; got != want {
		t.Errorf("got %d rows of the full tier, want %d", got, want)
	}
	var phases account.Times
	for _, p := range e.PhaseTimes {
		phases.Add(p)
	}
	if got := phases.Sum().Seconds(); !near(got, wall.Mean.Value, 20e-9) {
		t.Errorf("phases: got %v, want %v", got, wall.Mean.Value)
	}
	var variance float64
	for _, s := range e.Variance {
		variance += s.Share
	}
	if !near(variance, 1, 1e-9) {
		t.Errorf("variance shares add up to %v, want 1", variance)
	}
}

// What an observer cannot tell apart has no row, rather than one that says zero.
func TestRowsAreThoseOfTheTier(t *testing.T) {
	for tier, want := range map[account.Tier]string{
		account.Full:    "[user kernel run queue blocked network goroutine runnable]",
		account.Partial: "[network goroutine runnable running syscall]",
		account.Runtime: "[network goroutine runnable running syscall]",
	} {
		a := &account.Account{Tier: tier, Handshakes: []account.Handshake{{End: 5}}}
		a.Handshakes[0].Time[account.Network] = 5
		e := Explain([]Observed{{Account: a}, {Account: &account.Account{Tier: tier}}})
		var got []account.Class
		for _, r := range e.Identity.Rows {
			got = append(got, r.Class)
		}
		if fmt.Sprint(got) != want || e.Tier != tier {
			t.Errorf("%s: got rows %v of tier %s, want %s", tier, got, e.Tier, want)
		}
	}
}

func TestBodies(t *testing.T) {
	a := &account.Account{Tier: account.Full}
	for _, us := range []time.Duration{1, 2, 3, 4, 5, 6, 7, 1000} {
		h := account.Handshake{End: us * time.Microsecond}
		h.Time[account.User] = h.End
		a.Handshakes = append(a.Handshakes, h)
	}
	r := Explain([]Observed{{Account: a}}).Identity.Rows[0]
	if !near(r.P50, 4.5e-6, 1e-15) || !near(r.Mean.Value, 128.5e-6, 1e-15) || r.P99 != r.Mean.Value {
		t.Errorf("got %+v, want a body of 4.5 us, a mean of 128.5 us and no tail of eight", r)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		lengths []time.Duration
		grid    time.Duration
		want    string
	}{
		{[]time.Duration{10, 10, 10, 10}, 20, "[{0 2} {2 4}]"},
		{[]time.Duration{11, 9, 10, 10}, 10, "[{0 1} {1 2} {2 3} {3 4}]"},
		{[]time.Duration{10, 10, 10, 3}, 10, "[{0 1} {1 2} {2 4}]"},
		{[]time.Duration{10, 10, 10, 6}, 30, "[{0 4}]"},
		{[]time.Duration{10, 10, 10, 10, 9}, 30, "[{0 3} {3 5}]"},
		{[]time.Duration{3}, 30, "[{0 1}]"},
		{nil, 30, "[]"},
	} {
		var windows []account.Window
		for _, l := range tt.lengths {
			windows = append(windows, account.Window{Length: l})
		}
		if got := fmt.Sprint(cut(windows, tt.grid)); got != tt.want {
			t.Errorf("windows of %d to %d: got %s, want %s", tt.lengths, tt.grid, got, tt.want)
		}
	}
}

// Where the slow windows verify half of the time and burn twice as much, the tail's operations are those.
func TestTailOperations(t *testing.T) {
	all := &collection{}
	for i := range 40 {
		s := stretch{samples: 100, operations: map[string]int64{"sign": 100}}
		s.Handshakes, s.Tracked, s.threads[account.User] = 10, 1e-3, time.Millisecond
		if i%10 == 0 {
			s.Tracked, s.threads[account.User] = 5e-3, 2*time.Millisecond
			s.operations = map[string]int64{"sign": 50, "verify": 50}
		}
		all.windows = append(all.windows, s)
	}
	parts := all.tailOperations(1)
	if len(parts) != 2 || parts[0].Name != "verify" || !near(parts[0].Value.Value, 100e-6, 1e-12) || !near(parts[0].Share, 1, 1e-9) {
		t.Errorf("got %+v, want 100 us of verify, which is all", parts)
	}
	if len(parts) == 2 && !near(parts[1].Value.Value, 0, 1e-12) {
		t.Errorf("sign: got %+v, want nothing", parts[1])
	}
}

func TestTailNamesTheBurst(t *testing.T) {
	e := Explain(ordinary(3))
	if e.Tail == nil {
		t.Fatal("got no tail of 6000 handshakes")
	}
	first := e.Tail.Parts[0]
	if first.Name != "goroutine" || !near(first.Share, 0.9, 0.15) {
		t.Errorf("largest part: got %s with %.2f, want goroutine with about 0.9", first.Name, first.Share)
	}
	if !first.Value.Known || first.Value.Low < 1e-3 {
		t.Errorf("interval: got %+v, want one far above zero", first.Value)
	}
	if e.Tail.Slow < 60 || e.Tail.Slow > 70 || e.Tail.Usual < 3000 {
		t.Errorf("bodies: got %d and %d handshakes, want a hundredth and a half of 6000", e.Tail.Slow, e.Tail.Usual)
	}
	if len(e.Tail.Operations) != 2 {
		t.Errorf("got operations %v, want two", e.Tail.Operations)
	}
}

func TestWindowsHoldEnoughHandshakes(t *testing.T) {
	for _, tt := range []struct {
		rate    float64
		grid    time.Duration
		tracked string
	}{{2000, grid, "p99"}, {600, 2 * grid, "p99"}, {110, 2 * grid, "p90"}, {50, 4 * grid, "p90"}, {10, 5 * grid, "mean"}} {
		e := Explain([]Observed{made{seed: 1, length: 10 * time.Second, rate: tt.rate}.observed()})
		if e.Grid != tt.grid || e.Tracked != tt.tracked {
			t.Errorf("%v/s: got %v and %s, want %v and %s", tt.rate, e.Grid, e.Tracked, tt.grid, tt.tracked)
		}
		handshakes, length := 0, time.Duration(0)
		for _, w := range e.Windows {
			handshakes += w.Handshakes
			length += w.Length
		}
		if handshakes != e.Handshakes || length != e.Length {
			t.Errorf("%v/s: windows hold %d handshakes in %v, want %d in %v", tt.rate, handshakes, length, e.Handshakes, e.Length)
		}
	}
}

func TestOccupancy(t *testing.T) {
	// One handshake over two and a half windows: half of its time is user time.
	h := account.Handshake{Begin: 50 * time.Millisecond, End: 300 * time.Millisecond}
	h.Time[account.User], h.Time[account.Network] = 125*time.Millisecond, 125*time.Millisecond
	a := &account.Account{Tier: account.Full, Length: 400 * time.Millisecond, Handshakes: []account.Handshake{h}}
	for i := range 4 {
		a.Windows = append(a.Windows, account.Window{At: time.Duration(i) * grid, Length: grid})
	}
	all := &collection{blocks: []Observed{{Account: a}}, grid: grid}
	all.addWindows(0)
	all.addHandshakes(0)
	for i, want := range []float64{0.25, 0.5, 0.5, 0} {
		all.windows[i].finish("mean")
		if got := all.windows[i].Occupancy[account.User]; !near(got, want, 1e-12) {
			t.Errorf("window %d: got %v handshakes in user mode, want %v", i, got, want)
		}
	}
}

func TestLittle(t *testing.T) {
	if e := Explain(ordinary(2)); !near(e.Little, 1, 0.01) {
		t.Errorf("got %v, want 1", e.Little)
	}
	blind := ordinary(1)
	blind[0].Account.Windows = blind[0].Account.Windows[:30] // a quarter of the time is in no window
	blind[0].Account.Windows[10].Length /= 2                 // and so is part of one
	if e := Explain(blind); near(e.Little, 1, 0.002) {
		t.Errorf("windows with a hole: got %v, want it off from 1", e.Little)
	}
}

func TestMerge(t *testing.T) {
	blocks := ordinary(2)
	blocks[0].Account.Gaps = []account.Gap{{What: "x", Reason: "y"}}
	blocks[1].Account.Gaps = blocks[0].Account.Gaps
	blocks[0].Account.Files = []account.FileRead{{Path: "a", FileUse: account.FileUse{Count: 1, Bytes: 2, Time: 3}}}
	blocks[1].Account.Files = []account.FileRead{{Path: "a", FileUse: account.FileUse{Count: 1, Bytes: 2, Time: 3}}}
	coarse := account.Syscall{Name: "read", Count: 1}
	coarse.Latency, _ = hist.New(3)
	coarse.Latency.Record(5000)
	blocks[1].Account.Syscalls = append(blocks[1].Account.Syscalls, coarse)
	e := Explain(blocks)
	read := e.Syscalls[0]
	if want := uint64(2*e.Handshakes + 1); read.Count != want || read.Latency.Count() != want || read.Latency.Layout() != 3 {
		t.Errorf("read: got %d calls, %d latencies in layout %d, want %d in layout 3", read.Count, read.Latency.Count(), read.Latency.Layout(), want)
	}
	if len(e.Gaps) != 1 || len(e.Files) != 1 || e.Files[0].Bytes != 4 || e.Files[0].Count != 2 {
		t.Errorf("got gaps %v and files %v, want one of each, summed", e.Gaps, e.Files)
	}
	if !near(read.PerHandshake, 2, 0.001) {
		t.Errorf("per handshake: got %v, want 2", read.PerHandshake)
	}
	if again := blocks[0].Account.Syscalls[0].Latency.Layout(); again != hist.Fine {
		t.Errorf("the account itself was changed to layout %d", again)
	}
}

func TestOperations(t *testing.T) {
	e := Explain(ordinary(2))
	if all := collect(ordinary(1)); all.countSamples(profile.Operation).samples != 1800 || all.windows[0].samples < 40 ||
		all.windows[0].operations["sign"] != 30*all.windows[0].samples/40 {
		t.Errorf("first window: got %v of %d samples, want three quarters signing", all.windows[0].operations, all.windows[0].samples)
	}
	var shares, seconds float64
	for _, o := range e.Operations {
		shares, seconds = shares+o.Share.Value, seconds+o.Seconds
		var phases float64
		for _, s := range o.Phases {
			phases += s
		}
		if !near(phases, o.Share.Value, 1e-12) || o.Share.Low > o.Share.Value || o.Share.High < o.Share.Value {
			t.Errorf("%s: phases add up to %v of %+v", o.Name, phases, o.Share)
		}
	}
	if want := cpuPerHandshake(ordinary(2)); !near(shares, 1, 1e-12) || !near(seconds, want, 1e-12) || want < 100e-6 {
		t.Errorf("got shares of %v and %v s, want 1 and %v s", shares, seconds, want)
	}
}

// Newcombe, Two-sided confidence intervals for the single proportion (1998), table I: 81 of 263, and 0 of 20.
func TestWilson(t *testing.T) {
	for _, tt := range []struct {
		hits, trials int64
		low, high    float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		if got := wilson(tt.hits, tt.trials); !near(got.Low, tt.low, 1e-4) || !near(got.High, tt.high, 1e-4) {
			t.Errorf("%d of %d: got %+v, want %v to %v", tt.hits, tt.trials, got, tt.low, tt.high)
		}
	}
}

func TestDeterministic(t *testing.T) {
	first := Explain(ordinary(2))
	for range 3 {
		if again := Explain(ordinary(2)); !reflect.DeepEqual(again, first) {
			t.Fatal("the same accounts were judged differently")
		}
	}
}

// Whatever is missing, every number is finite.
func TestLittleInput(t *testing.T) {
	one := ordinary(1)[0]
	cut := func(windows, handshakes int) []Observed {
		a := *one.Account
		a.Windows, a.Handshakes = a.Windows[:windows], a.Handshakes[:handshakes]
		return []Observed{{Account: &a, Server: -1, Client: -1, Steal: -1, Samples: one.Samples}}
	}
	instant := []Observed{{Account: &account.Account{Handshakes: make([]account.Handshake, 2000), Windows: make([]account.Window, 40)}}}
	failed := cut(40, 100)
	failed[0].Account.Handshakes = []account.Handshake{{End: 1e6, Failed: true}}
	for name, blocks := range map[string][]Observed{
		"nothing": nil, "no account": {{}}, "empty account": {{Account: &account.Account{}}}, "no windows": cut(0, 1500),
		"no handshakes": cut(40, 0), "one handshake": cut(40, 1), "one of each": cut(1, 1), "few": cut(3, 50), "19 windows": cut(19, 500),
		"handshakes of no length": instant, "failed": failed, "handshakes beyond the windows": cut(25, 1900),
	} {
		e := Explain(blocks)
		finite(t, name, reflect.ValueOf(*e))
		if len(e.Correlations) == 0 && len(e.Gaps) == 0 {
			t.Errorf("%s: got neither correlations nor a reason", name)
		}
		d := Differ(blocks, blocks)
		finite(t, name, reflect.ValueOf(*d))
		if d.Wall.Value != 0 || d.Sentence("same") == "" {
			t.Errorf("%s: a variant differs from itself by %v", name, d.Wall.Value)
		}
	}
}

func finite(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			t.Errorf("%s is %v", path, f)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			finite(t, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			finite(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			finite(t, path, v.Index(i))
		}
	}
}

// However little the classes have to do with each other, parts add up to the whole.
func FuzzAdditive(f *testing.F) {
	f.Add(uint64(1), uint16(1500), uint8(30), true)
	f.Add(uint64(2), uint16(999), uint8(3), false)
	f.Add(uint64(3), uint16(4000), uint8(200), true)
	f.Fuzz(func(t *testing.T, seed uint64, handshakes uint16, windows uint8, complete bool) {
		blocks := []Observed{randomBlock(seed, int(handshakes)%5000, int(windows), complete)}
		other := []Observed{randomBlock(seed+1, int(handshakes)%5000, int(windows), complete)}
		e := explain(blocks, seed, func([]string) string { return "" })
		finite(t, "explained", reflect.ValueOf(*e))
		if e.Tail != nil {
			addUp(t, "tail", e.Tail.Wall, e.Tail.Parts)
		}
		d := Differ(blocks, other)
		addUp(t, "difference", d.Wall, d.Parts)
	})
}

func randomBlock(seed uint64, handshakes, windows int, complete bool) Observed {
	rng := rand.New(rand.NewPCG(seed, 7))
	a := &account.Account{Tier: account.Full, Length: time.Duration(windows) * grid}
	for i := range windows {
		a.Windows = append(a.Windows, account.Window{At: time.Duration(i) * grid, Length: grid})
	}
	for range handshakes {
		h := account.Handshake{Begin: time.Duration(rng.Int64N(int64(a.Length) + 1))}
		for c := range h.Time {
			h.Time[c] = time.Duration(rng.ExpFloat64() * 1e5)
		}
		if h.End = h.Begin + h.Time.Sum(); !complete {
			h.End += time.Duration(rng.IntN(1e5))
		}
		a.Handshakes = append(a.Handshakes, h)
	}
	return Observed{Account: a}
}

func addUp(t *testing.T, what string, whole Interval, parts []Part) {
	t.Helper()
	var sum, size float64
	for _, p := range parts {
		sum += p.Value.Value
		size += math.Abs(p.Value.Value)
	}
	if !near(sum, whole.Value, 1e-12*size+1e-15) {
		t.Errorf("%s: parts add up to %v, want %v", what, sum, whole.Value)
	}
}

func BenchmarkExplain(b *testing.B) {
	for _, size := range []struct {
		name   string
		blocks int
		rate   float64
	}{{"8000 handshakes", 4, 500}, {"200000 handshakes", 10, 5000}} {
		var blocks []Observed
		for i := range size.blocks {
			blocks = append(blocks, made{seed: uint64(i), block: i, length: 4 * time.Second, rate: size.rate, extra: bursts, samples: true}.observed())
		}
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				Explain(blocks)
			}
		})
	}
}
