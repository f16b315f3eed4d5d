package loadgen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func ExampleEven() {
	phases := []Phase{{Name: "calm", Length: time.Second, Rate: 2}, {Name: "storm", Length: time.Second, Rate: 4}}
	for at := range Even(phases) {
		fmt.Print(at, " ")
	}
	// Output: 0s 500ms 1s 1.25s 1.5s 1.75s
}

func TestEven(t *testing.T) {
	ms := func(at ...int) (times []time.Duration) {
		for _, v := range at {
			times = append(times, time.Duration(v)*time.Millisecond)
		}
		return times
	}
	for _, tc := range []struct {
		name   string
		phases []Phase
		want   []time.Duration
	}{
		{"none", nil, nil},
		{"one phase", []Phase{{Length: time.Second, Rate: 4}}, ms(0, 250, 500, 750)},
		{"a pause keeps its length", []Phase{{Length: time.Second, Rate: 2}, {Length: time.Second}, {Length: time.Second, Rate: 2}}, ms(0, 500, 2000, 2500)},
		{"a fraction is carried over", []Phase{{Length: time.Second, Rate: 1.5}, {Length: time.Second, Rate: 2}}, ms(0, 667, 1250, 1750)},
		{"starts in a pause", []Phase{{Length: time.Second}, {Length: time.Second, Rate: 2}}, ms(1000, 1500)},
		{"less than one", []Phase{{Length: time.Second, Rate: 0.1}}, ms(0)},
	} {
		var got []time.Duration
		for at := range Even(tc.phases) {
			got = append(got, at.Round(time.Millisecond))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestEvenDoesNotDrift(t *testing.T) {
	const rate, seconds = 7001, 120
	times := slices.Collect(Even([]Phase{{Length: seconds * time.Second, Rate: rate}}))
	if len(times) != rate*seconds {
		t.Fatalf("got %d due times, want %d", len(times), rate*seconds)
	}
	for i, at := range times {
		if want := float64(i) / rate * 1e9; math.Abs(float64(at)-want) > 1 {
			t.Fatalf("due %d: got %d ns, want %.1f", i, at, want)
		}
	}
}

func TestRandomIsPoisson(t *testing.T) {
	const rate, seconds, window = 1000.0, 200, 100 * time.Millisecond
	counts := make([]float64, seconds*time.Second/window)
	total := 0.0
	for at := range Random([]Phase{{Length: seconds * time.Second, Rate: rate}}, 1) {
		counts[at/window]++
		total++
	}
	// 200,000 expected, standard deviation 447; in 2,000 windows of 100 the variance is known to within 3 %.
	if math.Abs(total-rate*seconds) > 5*math.Sqrt(rate*seconds) {
		t.Errorf("got %v due times, want %v", total, rate*seconds)
	}
	mean, variance := total/float64(len(counts)), 0.0
	for _, n := range counts {
		variance += (n - mean) * (n - mean) / float64(len(counts))
	}
	if ratio := variance / mean; ratio < 0.85 || ratio > 1.15 {
		t.Errorf("got variance/mean %.3f of the counts, want 1", ratio)
	}
}

func TestRandomFollowsPhases(t *testing.T) {
	phases := []Phase{{Length: 10 * time.Second, Rate: 100}, {Length: 10 * time.Second}, {Length: 10 * time.Second, Rate: 1000}}
	var counts [3]int
	var last time.Duration
	for at := range Random(phases, 7) {
		if at < last || at > 30*time.Second {
			t.Fatalf("due at %v after %v", at, last)
		}
		counts[min(at/(10*time.Second), 2)]++
		last = at
	}
	if counts[1] != 0 || math.Abs(float64(counts[0]-1000)) > 160 || math.Abs(float64(counts[2]-10000)) > 500 {
		t.Errorf("got %v due times in the phases, want about 1000, none, about 10000", counts)
	}
}

func TestRandomIsDeterministic(t *testing.T) {
	phases := []Phase{{Length: time.Second, Rate: 500}}
	schedule := Random(phases, 3)
	first := slices.Collect(schedule)
	if !slices.Equal(first, slices.Collect(schedule)) || !slices.Equal(first, slices.Collect(Random(phases, 3))) {
		t.Error("one seed gave two schedules")
	}
	if slices.Equal(first, slices.Collect(Random(phases, 4))) {
		t.Error("two seeds gave one schedule")
	}
}

func TestSchedulesEndEarly(t *testing.T) {
	for _, schedule := range []Schedule{Even([]Phase{{Length: time.Hour, Rate: 1e6}}), Random([]Phase{{Length: time.Hour, Rate: 1e6}}, 1)} {
		n := 0
		for range schedule {
			if n++; n == 3 {
				break
			}
		}
		if n != 3 {
			t.Errorf("got %d due times, want 3", n)
		}
	}
}

func TestLoadCheck(t *testing.T) {
	closed := Load{Loop: Closed, Workers: 1, Handshakes: 1}
	open := Load{Loop: Open, Workers: 1, Process: Poisson, Phases: []Phase{{Length: 1, Rate: 1}}}
	phases := func(p ...Phase) Load { l := open; l.Phases = p; return l }
	for _, tc := range []struct {
		want string // empty: nothing wrong
		load Load
	}{
		{"", closed},
		{"", open},
		{"0 workers", Load{Loop: Closed, Handshakes: 1}},
		{"without an end", Load{Loop: Closed, Workers: 1}},
		{"negative", Load{Loop: Closed, Workers: 1, Length: -1}},
		{"unknown loop", Load{Loop: "ajar", Workers: 1}},
		{"unknown arrival process", Load{Loop: Open, Workers: 1, Phases: open.Phases}},
		{"nothing falls due", phases()},
		{"nothing falls due", phases(Phase{Length: 1})},
		{"phase 2", phases(Phase{Length: 1, Rate: 1}, Phase{Rate: 1})},
		{"phase 1", phases(Phase{Length: 1, Rate: math.NaN()})},
		{"phase 1", phases(Phase{Length: 1, Rate: math.Inf(1)})},
		{"phase 1", phases(Phase{Length: 1, Rate: -1})},
	} {
		err := tc.load.Check()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got %v, want %q", tc.load, err, tc.want)
		}
	}
}
