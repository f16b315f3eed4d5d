package effect

import (
	"math"
	"math/rand/v2"
	"testing"
)

// How often the slowdown that should be found with 80 % power is found, where the spread is known from many groups.
func TestDetectableIsFound(t *testing.T) {
	cpu, wall := realSeries(t)
	machines := map[string]func(groups int, rng *rand.Rand) []float64{
		"normal": func(n int, rng *rand.Rand) []float64 { return normals(n, 0.01, rng) },
		"drift":  func(n int, rng *rand.Rand) []float64 { return interleaved(noisy(4*n, rng), 1, rng) },
		"cpu":    func(n int, rng *rand.Rand) []float64 { return interleaved(window(cpu, 4*n, rng), 1, rng) },
		"wall":   func(n int, rng *rand.Rand) []float64 { return interleaved(window(wall, 4*n, rng), 1, rng) },
		"spikes": func(n int, rng *rand.Rand) []float64 { return spiked(normals(n, 0.01, rng), n/10, 0.10, rng) },
	}
	for _, tt := range []struct {
		machine     string
		groups      int
		level       float64
		least, most float64
	}{
		{"normal", 6, 0.05, 0.80, 0.97},
		{"normal", 10, 0.0208, 0.80, 0.97},
		{"normal", 10, 0.0021, 0.80, 0.97},
		{"normal", 40, 0.0208, 0.80, 0.97},
		{"drift", 10, 0.0208, 0.80, 0.95},
		{"drift", 40, 0.0208, 0.80, 0.95},
		{"cpu", 10, 0.0208, 0.60, 0.88},
		{"cpu", 20, 0.0208, 0.65, 0.88},
		{"cpu", 40, 0.0208, 0.65, 0.88},
		{"wall", 10, 0.0208, 0.60, 0.88},
		{"wall", 20, 0.0208, 0.65, 0.88},
		{"wall", 40, 0.0208, 0.65, 0.88},
		{"spikes", 10, 0.0208, 0.40, 0.65}, // half of the spikes hide it
		{"spikes", 20, 0.0208, 0.70, 0.90},
		{"spikes", 40, 0.0208, 0.80, 0.90},
	} {
		rng := rand.New(rand.NewPCG(80, uint64(tt.groups)))
		sample := func() []float64 { return machines[tt.machine](tt.groups, rng) }
		got, slowdown := powerOf(sample, tt.groups, tt.level)
		t.Logf("%s, %d groups at %v: %.4f is found in %.3f", tt.machine, tt.groups, tt.level, slowdown, got)
		if got < tt.least || got > tt.most {
			t.Errorf("%s, %d groups at %v: %.4f is found in %.3f, want %v to %v",
				tt.machine, tt.groups, tt.level, slowdown, got, tt.least, tt.most)
		}
	}
}

// The share of samples in which the slowdown that is detectable with 80 % power is found beyond 2 %.
func powerOf(sample func() []float64, groups int, level float64) (share, slowdown float64) {
	const known, repeats, margin = 200, 500, 0.02
	spread := 0.0
	for range known {
		spread += Spread(sample()) / known
	}
	slowdown = Detectable(groups, spread, margin, level, 0.8)
	for range repeats {
		d := sample()
		for i := range d {
			d[i] += math.Log(1 + slowdown)
		}
		if PBeyond(d, margin, false) <= level {
			share += 1.0 / repeats
		}
	}
	return share, slowdown
}

// Some blocks of a series that ran one after the other.
func window(series []float64, blocks int, rng *rand.Rand) []float64 {
	at := rng.IntN(len(series) - blocks + 1)
	return series[at : at+blocks]
}

func TestDetectableLimits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		groups int
		spread float64
		level  float64
		power  float64
		want   float64
	}{
		{"five groups", 5, 0.01, 0.05, 0.8, math.Inf(1)},
		{"ten groups, 26 gates", 10, 0.01, 0.05 / 26, 0.8, math.Inf(1)},
		{"no groups", 0, 0.01, 0.05, 0.8, math.Inf(1)},
		{"for certain", 20, 0.01, 0.05, 1, math.Inf(1)},
		{"without noise the margin is the limit", 6, 0, 0.05, 0.8, 0.02},
	} {
		if got := Detectable(tt.groups, tt.spread, 0.02, tt.level, tt.power); got != tt.want && !near(got, tt.want, 1e-12) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// With many groups the smallest shift is known (Pitman): the sum of the two normal quantiles, 1.960 and 0.842, over the
// square root of 12n, over the integral of the squared density.
func TestDetectableOfManyGroups(t *testing.T) {
	squared := 0.0
	for i, weight := range []float64{0.81, 0.18, 0.01} { // of two groups: neither is noisier, one, both
		squared += weight / math.Sqrt(2*math.Pi*[]float64{2, 10, 18}[i])
	}
	want := (1.9600 + 0.8416) / math.Sqrt(12*400) / squared
	if got := math.Log(1 + Detectable(400, 1, 0, 0.05, 0.8)); !near(got/want, 1, 0.01) {
		t.Errorf("got %.4f, want %.4f", got, want)
	}
}

func TestGroupsFor(t *testing.T) {
	const spread, level, power, most = 0.02, 0.05, 0.8, 300
	for _, tt := range []struct{ size, margin float64 }{{0.01, 0}, {0.02, 0}, {0.03, 0}, {0.05, 0}, {0.03, 0.02}, {0.05, 0.02}} {
		n := GroupsFor(tt.size, spread, tt.margin, level, power, most)
		if n == 0 || Detectable(n, spread, tt.margin, level, power) > tt.size {
			t.Errorf("%+v: %d groups do not find it", tt, n)
		}
		if Detectable(n-1, spread, tt.margin, level, power) <= tt.size {
			t.Errorf("%+v: %d groups are not the fewest", tt, n)
		}
	}
	for _, tt := range []struct {
		name                 string
		size, margin, spread float64
		most, want           int
	}{
		{"too many", 0.001, 0, spread, most, 0},
		{"within the margin", 0.02, 0.02, spread, most, 0},
		{"no groups allowed", 0.05, 0, spread, 0, 0},
		{"no noise", 0.001, 0, 0, most, 6},
		{"unknown spread", 0.05, 0, math.NaN(), most, 0},
	} {
		if got := GroupsFor(tt.size, tt.spread, tt.margin, level, power, tt.most); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A slowdown of a hundred spreads takes as few groups as can find anything.
func TestGroupsForFarBeyond(t *testing.T) {
	if got := GroupsFor(0.02, 0.00016, 0.005, 0.05, 0.8, 100); got != MinGroups(0.05) {
		t.Errorf("got %d groups, want %d", got, MinGroups(0.05))
	}
}
