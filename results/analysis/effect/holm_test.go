package effect

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestHolm(t *testing.T) {
	for _, tt := range []struct {
		name    string
		p, want []float64
	}{
		{"two of four rejected", []float64{0.01, 0.04, 0.03, 0.005}, []float64{0.05 / 3, 0.025, 0.025, 0.0125}},
		{"all rejected", []float64{0.05, 0.001, 0.02}, []float64{0.05, 0.05 / 3, 0.025}},
		{"exactly at its level", []float64{0.05, 0.025}, []float64{0.05, 0.025}},
		{"none rejected", []float64{0.03, 0.9, 1}, []float64{0.05 / 3, 0.05 / 3, 0.05 / 3}},
		{"a gap stops it", []float64{0.001, 0.026, 0.027}, []float64{0.05 / 3, 0.025, 0.025}},
		{"ties", []float64{0.02, 0.02}, []float64{0.025, 0.05}},
		{"one", []float64{1}, []float64{0.05}},
		{"none", nil, nil},
	} {
		got := Holm(tt.p, func(among int) float64 { return 0.05 / float64(among) })
		for i := range tt.want {
			if !near(got[i], tt.want[i], 1e-15) {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
				break
			}
		}
		if len(got) != len(tt.p) {
			t.Errorf("%s: got %d levels, want %d", tt.name, len(got), len(tt.p))
		}
	}
}

// 24 gates on a machine that drifts, with nothing to find.
func TestHolmKeepsTheFamily(t *testing.T) {
	const repeats, gates, groups, alpha = 400, 24, 12, 0.05
	rng := rand.New(rand.NewPCG(24, 24))
	uncorrected, corrected := 0, 0
	for range repeats {
		p := make([]float64, gates)
		least := 1.0
		for i := range p {
			p[i] = PBeyond(interleaved(noisy(4*groups, rng), 1, rng), 0, false)
			least = min(least, p[i])
		}
		if least <= alpha {
			uncorrected++
		}
		for i, level := range Holm(p, func(among int) float64 { return alpha / float64(among) }) {
			if p[i] <= level {
				corrected++
				break
			}
		}
	}
	t.Logf("runs with a false alarm: %.1f %% with Holm, %.1f %% without",
		100*float64(corrected)/repeats, 100*float64(uncorrected)/repeats)
	chance := 3 * math.Sqrt(alpha*(1-alpha)/repeats)
	if got := float64(corrected) / repeats; got > alpha+chance {
		t.Errorf("with Holm: got %.3f, want at most %.3f", got, alpha+chance)
	}
	if got := float64(uncorrected) / repeats; got < 0.30 {
		t.Errorf("without: got %.3f, want above 0.30: the family has nothing to correct", got)
	}
}
