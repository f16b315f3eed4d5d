package effect

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Two-sided critical values as printed in statistical tables: the largest T that is significant.
func TestCriticalValues(t *testing.T) {
	tables := map[float64]map[int]int{
		0.05: {5: -1, 6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 17: 34, 18: 40,
			19: 46, 20: 52, 25: 89, 30: 137},
		0.01: {7: -1, 8: 0, 9: 1, 10: 3, 11: 5, 12: 7, 13: 9, 14: 12, 15: 15, 16: 19, 17: 23, 18: 27, 19: 32, 20: 37},
	}
	for alpha, table := range tables {
		for n, want := range table {
			if got, p := critical(signedRank(n), alpha); got != want || p > alpha {
				t.Errorf("n=%d alpha=%v: got %d (p %v), want %d", n, alpha, got, p, want)
			}
		}
	}
}

// The two halves of the distribution sum to one, also for more groups than anyone runs.
func TestSignedRankSumsToOne(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 7, 20, 61, 150} {
		sum, p := 0.0, signedRank(n)
		for _, v := range p {
			sum += 2 * v
		}
		if n*(n+1)/2%2 == 0 { // the middle is in both halves
			sum -= p[len(p)-1]
		}
		if !near(sum, 1, 1e-12) {
			t.Errorf("n=%d: got %v, want 1", n, sum)
		}
	}
}

func TestMinPAndMinGroups(t *testing.T) {
	for n, want := range map[int]float64{0: 1, 1: 1, 2: 0.5, 3: 0.25, 5: 0.0625, 6: 0.03125} {
		if got := MinP(n); got != want {
			t.Errorf("MinP(%d): got %v, want %v", n, got, want)
		}
	}
	for alpha, want := range map[float64]int{1: 1, 0.05: 6, 0.0625: 5, 0.01: 8, 0.0021: 10} {
		if got := MinGroups(alpha); got != want {
			t.Errorf("MinGroups(%v): got %d, want %d", alpha, got, want)
		}
	}
}

// Heights of cross- and self-fertilised maize (Darwin 1876), the data with which Wilcoxon introduced his test: the
// smaller sum of ranks is 24, p = 0.0413 (documentation of scipy.stats.wilcoxon).
func TestPBeyondTextbook(t *testing.T) {
	inches := []float64{6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75}
	fewer := make([]float64, len(inches))
	for i, x := range inches {
		inches[i], fewer[i] = x/8, -x/8
	}
	const want = 0.041259765625
	for _, tt := range []struct {
		name   string
		d      []float64
		higher bool
		want   float64
	}{
		{"more", inches, false, want},
		{"more is better", inches, true, 1},
		{"less", fewer, false, 1},
		{"less where more is better", fewer, true, want},
		{"none", nil, false, 1},
		{"NaN", []float64{1, 1, 1, 1, 1, 1, math.NaN()}, false, 1},
		{"no difference", make([]float64, 8), false, 1},
		{"as small as six groups can be", []float64{1, 1, 2, 2, 3, 3}, false, MinP(6)},
	} {
		if got := PBeyond(tt.d, 0, tt.higher); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPBeyondIsTheEnumeratedTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for n := 1; n <= 9; n++ {
		for range 20 {
			d := make([]float64, n)
			for i := range d {
				d[i] = 0.5 + rng.NormFloat64()
			}
			want := bruteP(d, 0)
			if r, _, _ := Estimate(d, 0.05); r.Point <= 1 {
				want = 1
			}
			if got := PBeyond(d, 0, false); !near(got, want, 1e-12) {
				t.Errorf("%v: got %v, want %v", d, got, want)
			}
		}
	}
}

// The p-value and the interval are two views of one test: on a lattice, where there are ties and groups on the edge
// of the margin, and at levels that the test attains exactly.
func TestPBeyondAgreesWithJudge(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 28))
	seen := map[bool]int{}
	for range 5000 {
		d := make([]float64, 1+rng.IntN(12))
		margin := []float64{0, 0.02, 0.1}[rng.IntN(3)]
		higher := rng.IntN(2) == 0
		for i := range d {
			d[i] = float64(rng.IntN(9)-3) * math.Log(1+0.02)
			if higher {
				d[i] = -d[i]
			}
		}
		p := PBeyond(d, margin, higher)
		for _, level := range []float64{p, math.Nextafter(p, 0), 0.05, rng.Float64()} {
			if level >= 1 {
				continue
			}
			r, _, _ := Estimate(d, level)
			worse := Judge(r, margin, higher) == Worse
			if (p <= level) != worse {
				t.Fatalf("%v, margin %v, higher %v, level %v: p is %v, the interval %v", d, margin, higher, level, p, r)
			}
			seen[worse]++
		}
	}
	if seen[true] < 1000 || seen[false] < 1000 {
		t.Errorf("too few of one kind: %v", seen)
	}
}
