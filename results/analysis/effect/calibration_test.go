package effect

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// testdata/aa-series.json: nanoseconds per handshake of 320 processes that ran one after the other and did the same.
// Every difference that a method finds between two sets of them is a false alarm.
func realSeries(t *testing.T) (cpu, wall []float64) {
	t.Helper()
	text, err := os.ReadFile("testdata/aa-series.json")
	if err != nil {
		t.Fatal(err)
	}
	var series []struct{ CPU, Wall float64 }
	if err := json.Unmarshal(text, &series); err != nil {
		t.Fatal(err)
	}
	for _, block := range series {
		cpu, wall = append(cpu, block.CPU), append(wall, block.Wall)
	}
	return cpu, wall
}

// Groups of four neighbours, each ABBA or BAAB; the candidate's blocks are multiplied by slowdown.
func interleaved(blocks []float64, slowdown float64, rng *rand.Rand) []float64 {
	var d []float64
	for g := range slices.Chunk(blocks, 4) {
		outer, inner := []float64{g[0], g[3]}, []float64{g[1], g[2]}
		if rng.IntN(2) == 0 {
			outer, inner = inner, outer
		}
		x, err := LogRatio(outer, inner)
		if err != nil {
			panic(err)
		}
		d = append(d, x+math.Log(slowdown))
	}
	return d
}

func TestFalseAlarmsOnRealSeries(t *testing.T) {
	cpu, wall := realSeries(t)
	t.Run("cpu", func(t *testing.T) { falseAlarms(t, cpu) })
	t.Run("wall", func(t *testing.T) { falseAlarms(t, wall) })
}

// The series is short, so windows of 20 groups overlap: the rates are those of this hour on this machine, within some
// points of the true ones.
func falseAlarms(t *testing.T, series []float64) {
	const groups, orders = 20, 20
	rng := rand.New(rand.NewPCG(2026, 11))
	var sequential, interval, worse, windows float64
	for at := 0; at+4*groups <= len(series); at++ {
		windows++
		window := series[at : at+4*groups]
		if mannWhitneyP(window[:2*groups], window[2*groups:]) < 0.05 {
			sequential++
		}
		for range orders {
			r, _, _ := Estimate(interleaved(window, 1, rng), 0.05)
			if r.Lo > 1 || r.Hi < 1 {
				interval += 1.0 / orders
			}
			if Judge(r, 0.02, false) == Worse {
				worse += 1.0 / orders
			}
		}
	}
	t.Logf("false alarms: sequential %.1f %%, interleaved %.1f %%, worse by more than the margin %.2f %%",
		100*sequential/windows, 100*interval/windows, 100*worse/windows)
	if got := sequential / windows; got < 0.20 {
		t.Errorf("sequential order with a rank test: got %.3f, want above 0.20: the series has lost its drift", got)
	}
	if got := interval / windows; got > 0.08 {
		t.Errorf("intervals of interleaved groups that exclude 1: got %.3f, want at most 0.08", got)
	}
	if got := worse / windows; got > 0.01 {
		t.Errorf("worse at a margin of 2 %%: got %.4f, want at most 0.01", got)
	}
}

// Two-sided Mann-Whitney test by its normal approximation: what one would do with two lists of numbers.
func mannWhitneyP(a, b []float64) float64 {
	type value struct {
		x     float64
		first bool
	}
	var all []value
	for _, x := range a {
		all = append(all, value{x, true})
	}
	for _, x := range b {
		all = append(all, value{x, false})
	}
	slices.SortFunc(all, func(v, w value) int { return cmp.Compare(v.x, w.x) })
	n, m := float64(len(a)), float64(len(b))
	u := -n * (n + 1) / 2
	for rank, v := range all {
		if v.first {
			u += float64(rank + 1)
		}
	}
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// A machine with slow drift, steps of level, spikes and noise.
func noisy(n int, rng *rand.Rand) []float64 {
	blocks := make([]float64, n)
	drift, level := 0.0, 0.0
	for i := range blocks {
		drift = 0.9*drift + 0.013*rng.NormFloat64()
		if rng.IntN(40) == 0 {
			level = 0.08 * rng.Float64()
		}
		spike := 0.0
		if rng.IntN(25) == 0 {
			spike = 0.10 * rng.Float64()
		}
		blocks[i] = 600e-6 * math.Exp(drift+level+spike+0.015*rng.NormFloat64())
	}
	return blocks
}

// The test has only so many levels: six groups attain 96.9 %, so that 97.5 % is within chance, more than that come
// close to 95 %.
func TestCoverage(t *testing.T) {
	const repeats = 2000
	for groups, most := range map[int]float64{6: 0.975, 10: 0.97, 20: 0.97} {
		for _, slowdown := range []float64{1, 1.05, 2.3} {
			rng := rand.New(rand.NewPCG(uint64(groups), 17))
			covered := 0
			for range repeats {
				r, _, _ := Estimate(interleaved(noisy(4*groups, rng), slowdown, rng), 0.05)
				if r.Lo <= slowdown && slowdown <= r.Hi {
					covered++
				}
			}
			if got := float64(covered) / repeats; got < 0.93 || got > most {
				t.Errorf("%d groups, ratio %v: the interval covers it in %.3f of the runs, want 0.93 to %v", groups, slowdown, got, most)
			}
		}
	}
}

func TestFiveGroupsNeverReject(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	for range 200 {
		d := interleaved(noisy(4*5, rng), 2.3, rng)
		if r, _, ok := Estimate(d, 0.05); ok || Judge(r, 0, false) != Inconclusive {
			t.Errorf("%v: got %v, %v, want no interval", d, r, ok)
		}
		if p := PBeyond(d, 0, false); p != MinP(5) {
			t.Errorf("%v: got p %v, want %v", d, p, MinP(5))
		}
	}
}

func TestVerdictsFindWhatWasPlanted(t *testing.T) {
	const repeats, groups = 500, 20
	for _, tt := range []struct {
		slowdown, least float64
		want            Verdict
	}{{1.10, 0.99, Worse}, {1 / 1.10, 0.99, Better}, {1, 0.70, Same}} {
		rng := rand.New(rand.NewPCG(5, 5))
		found, wrong := 0, 0
		for range repeats {
			r, _, _ := Estimate(interleaved(noisy(4*groups, rng), tt.slowdown, rng), 0.05)
			switch Judge(r, 0.02, false) {
			case tt.want:
				found++
			case Better, Worse:
				wrong++
			}
		}
		if float64(found)/repeats < tt.least || wrong > 0 {
			t.Errorf("ratio %.3f: %s in %d of %d, the opposite or an alarm in %d", tt.slowdown, tt.want, found, repeats, wrong)
		}
	}
}
