package effect

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Bounds of the statistic as printed: table 2.1 of Jennison and Turnbull, Group Sequential Methods, 1999.
func TestPocockPublished(t *testing.T) {
	for alpha, bounds := range map[float64]map[int]float64{
		0.05: {1: 1.960, 2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 10: 2.555},
		0.01: {1: 2.576, 2: 2.772, 3: 2.873, 4: 2.939, 5: 2.986, 10: 3.117},
	} {
		for k, want := range bounds {
			looks := make([]int, k)
			for i := range looks {
				looks[i] = 7 * (i + 1)
			}
			level := Pocock(looks, alpha)
			if got := math.Sqrt2 * math.Erfcinv(level); !near(got, want, 6e-4) {
				t.Errorf("%d looks at %v: got a bound of %.4f, level %.4f, want %.3f", k, alpha, got, level, want)
			}
		}
	}
}

func TestPocockLevels(t *testing.T) {
	for _, tt := range []struct {
		name   string
		looks  []int
		lo, hi float64
	}{
		{"no look", nil, 0.05, 0.05},
		{"one look", []int{20}, 0.05, 0.05},
		{"hardly anything new in the second", []int{1000, 1001}, 0.04855, 0.04858}, // with four times as many points 0.048562
		{"nothing left of the first", []int{1, 100000}, 0.0253, 0.0255},            // 1-sqrt(0.95) = 0.0253
		{"published for equal steps", []int{10, 20, 30}, 0.02205, 0.02215},
	} {
		if got := Pocock(tt.looks, 0.05); got < tt.lo || got > tt.hi {
			t.Errorf("%s: got %.5f, want %v to %v", tt.name, got, tt.lo, tt.hi)
		}
	}
}

func TestPocockSimulated(t *testing.T) {
	const repeats, alpha = 200000, 0.05
	for _, looks := range [][]int{{10, 20, 40}, {6, 7}, {100, 104, 130}} {
		rng := rand.New(rand.NewPCG(10, 40))
		bound := math.Sqrt2 * math.Erfcinv(Pocock(looks, alpha))
		alarms := 0
		for range repeats {
			sum, before := 0.0, 0
			for _, groups := range looks {
				sum += math.Sqrt(float64(groups-before)) * rng.NormFloat64()
				before = groups
				if math.Abs(sum) > bound*math.Sqrt(float64(groups)) {
					alarms++
					break
				}
			}
		}
		got, chance := float64(alarms)/repeats, 3*math.Sqrt(alpha*(1-alpha)/repeats)
		t.Logf("looks %v: level %.5f, an alarm in %.4f", looks, Pocock(looks, alpha), got)
		if !near(got, alpha, chance) {
			t.Errorf("looks %v: got an alarm in %.4f, want %v within %.4f", looks, got, alpha, chance)
		}
	}
}

// What a run does with its groups: it stops at the first look that decides.
func decide(d []float64, looks []int, level, margin float64) (v Verdict, groups int) {
	for _, groups = range looks {
		r, _, _ := Estimate(d[:groups], level)
		if v = Judge(r, margin, false); v != Inconclusive {
			break
		}
	}
	return v, groups
}

func TestSequentialDesign(t *testing.T) {
	const repeats, margin = 1000, 0.02
	looks := []int{10, 20, 40}
	level := Pocock(looks, 0.05)
	chance := 3 * math.Sqrt(0.025*0.975/repeats)
	for _, tt := range []struct {
		slowdown    float64
		least, most float64 // share that is worse
	}{
		{1, 0, 0.01},
		{1 + margin, 0, 0.025 + chance}, // one side of 5 %
		{1.05, 0.95, 1},
		{1.10, 0.99, 1},
	} {
		rng := rand.New(rand.NewPCG(40, 40))
		verdicts, groups := map[Verdict]int{}, 0
		for range repeats {
			v, n := decide(interleaved(noisy(4*40, rng), tt.slowdown, rng), looks, level, margin)
			verdicts[v]++
			groups += n
		}
		t.Logf("ratio %.2f: %v, %.1f groups on average", tt.slowdown, verdicts, float64(groups)/repeats)
		if got := float64(verdicts[Worse]) / repeats; got < tt.least || got > tt.most {
			t.Errorf("ratio %.2f: worse in %.3f, want %.3f to %.3f", tt.slowdown, got, tt.least, tt.most)
		}
	}
}
