package history

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is n ratios around 1 with a spread of 2 %.
func noise(random *rand.Rand, n int) []float64 { return drift(random, n, 0) }

// drift is noise of 2 % in which each value resembles the one before it.
func drift(random *rand.Rand, n int, correlation float64) []float64 {
	values, x := make([]float64, n), 0.0
	for i := range values {
		x = correlation*x + 0.02*math.Sqrt(1-correlation*correlation)*random.NormFloat64()
		values[i] = math.Exp(x)
	}
	return values
}

// step multiplies the values from one index on.
func step(values []float64, from int, by float64) {
	for i := from; i < len(values); i++ {
		values[i] *= by
	}
}

func near(c Change, at int) bool { return c.At >= at-2 && c.At <= at+2 }

// share is in how many of so many series something holds.
func share(series int, holds func(*rand.Rand) bool) float64 {
	n := 0
	for seed := range series {
		if holds(rand.New(rand.NewPCG(uint64(seed), 1))) {
			n++
		}
	}
	return float64(n) / float64(series)
}

func TestFalseFinds(t *testing.T) {
	for _, c := range []struct{ correlation, margin, most float64 }{{0, 0, 0.05}, {0, 0.02, 0.03}, {0.5, 0.02, 0.4}} {
		got := share(500, func(r *rand.Rand) bool {
			return len(ChangePoints(drift(r, 100, c.correlation), Options{c.margin})) > 0
		})
		t.Logf("correlation %v, margin %v: %.1f %% of 500 series without a change show one", c.correlation, c.margin, 100*got)
		if got > c.most {
			t.Errorf("correlation %v, margin %v: got %v, want at most %v", c.correlation, c.margin, got, c.most)
		}
	}
}

func TestStepIsFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		n, at int
		least float64
	}{
		{"in the middle", 60, 30, 0.9},
		{"of a long series", 120, 70, 0.9},
		{"ten runs ago", 100, 90, 0.6},
	} {
		got := share(200, func(r *rand.Rand) bool {
			values := noise(r, c.n)
			step(values, c.at, 1.05)
			found := ChangePoints(values, Options{0.02})
			return len(found) == 1 && near(found[0], c.at) && found[0].After > found[0].Before && found[0].P <= level
		})
		t.Logf("%s: a step of 5 %% is found in %.1f %% of 200 series", c.name, 100*got)
		if got < c.least {
			t.Errorf("%s: got %v, want at least %v", c.name, got, c.least)
		}
	}
}

func TestTwoSteps(t *testing.T) {
	for _, second := range []float64{1.05, 1 / 1.05} { // up again, and back
		got := share(200, func(r *rand.Rand) bool {
			values := noise(r, 100)
			step(values, 30, 1.05)
			step(values, 60, second)
			found := ChangePoints(values, Options{0.02})
			return len(found) == 2 && near(found[0], 30) && near(found[1], 60)
		})
		t.Logf("then times %.2f: both steps are found in %.1f %% of 200 series", second, 100*got)
		if got < 0.8 {
			t.Errorf("then times %v: got %v, want at least 0.8", second, got)
		}
	}
}

func TestSpikeIsNoChange(t *testing.T) {
	for _, size := range []float64{0.1, 1.1, 1.5, 4, 100} {
		got := share(200, func(r *rand.Rand) bool {
			values := noise(r, 60)
			values[r.IntN(len(values))] *= size
			return len(ChangePoints(values, Options{0.02})) > 0
		})
		if got > 0.01 {
			t.Errorf("a spike of %vx: %v of the series have a change, want at most 0.01", size, got)
		}
	}
}

func TestChangePoints(t *testing.T) {
	flat, counts := make([]float64, 40), make([]float64, 40)
	for i := range flat {
		flat[i], counts[i] = 1, 6_231_225
	}
	step(counts, 12, 1.01)
	short := counts[:MinPoints-1]
	broken := append([]float64{math.NaN()}, counts...)
	late := append([]float64{}, flat...)
	step(late, 40-MinSegment+1, 2)
	for _, c := range []struct {
		name   string
		values []float64
		margin float64
		want   []int
	}{
		{"no noise, no change", flat, 0, nil},
		{"counts without noise", counts, 0.002, []int{12}},
		{"within the margin", counts, 0.01, nil},
		{"too few", short, 0, nil},
		{"not a number", broken, 0, nil},
		{"nothing", nil, 0, nil},
		{"too late to tell", late, 0, nil},
	} {
		var got []int
		for _, change := range ChangePoints(c.values, Options{c.margin}) {
			got = append(got, change.At)
		}
		if len(got) != len(c.want) || len(got) == 1 && got[0] != c.want[0] {
			t.Errorf("%s: got changes at %v, want %v", c.name, got, c.want)
		}
	}
}

func TestChangeSaysTheLevels(t *testing.T) {
	values := make([]float64, 30)
	for i := range values {
		values[i] = 2
	}
	step(values, 20, 1.5)
	got := ChangePoints(values, Options{0.02})
	if want := (Change{At: 20, Before: 2, After: 3}); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The divergence is James and Matteson's Q, as their paper writes it.
func TestDivergence(t *testing.T) {
	x := []float64{1, 2, 2, 5, 3, 8}
	mean := func(a, b []float64, pairs float64) float64 {
		sum := 0.0
		for _, v := range a {
			for _, w := range b {
				sum += math.Abs(v - w)
			}
		}
		return sum / pairs
	}
	left, right := x[1:3], x[3:6]
	want := 2.0 * 3 / (2 + 3) * (2*mean(left, right, 6) - mean(left, left, 2) - mean(right, right, 6))
	if got := distancesOf(x).divergence(1, 3, 6); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
}
