package effect

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    []float64
		want float64
	}{
		{"the smallest of three distances", []float64{3, 0, 1}, 2.2219 * 0.994},
		{"the third of ten distances", []float64{1, 2, 4, 7, 11}, 2.2219 * 0.844 * 3},
		{"equal groups", make([]float64, 8), 0},
		{"one group", []float64{1}, math.NaN()},
		{"none", nil, math.NaN()},
		{"infinite", []float64{1, 2, 3, math.Inf(1)}, math.NaN()},
	} {
		if got := Spread(tt.d); !near(got, tt.want, 1e-12) && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Normal groups, and the same with one in ten spiked, or where there are fewer than ten none.
func TestSpreadOfNormalGroups(t *testing.T) {
	const repeats = 1000
	for _, groups := range []int{6, 7, 10, 11, 20} {
		for spike, most := range map[float64]float64{0: 1.04, 10: 1.32, 1e6: 1.32} {
			rng := rand.New(rand.NewPCG(3, uint64(groups)))
			mean := 0.0
			for range repeats {
				mean += Spread(spiked(normals(groups, 1, rng), groups/10, spike, rng)) / repeats
			}
			if mean < 0.96 || mean > most {
				t.Errorf("%d groups, spike %v: got %.3f on average, want 0.96 to %v", groups, spike, mean, most)
			}
		}
	}
}

func normals(n int, deviation float64, rng *rand.Rand) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = deviation * rng.NormFloat64()
	}
	return d
}

// The first few groups are moved by size, to either side.
func spiked(d []float64, few int, size float64, rng *rand.Rand) []float64 {
	for i := range few {
		d[i] += size * float64(1-2*rng.IntN(2))
	}
	return d
}
