package attribution

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// Every window is drawn equally often in the long run, and as many as there are in each resample.
func TestResample(t *testing.T) {
	const windows = 50
	var often [windows]float64
	for _, d := range resample(windows, 7, 1).draws {
		sum := 0
		for i, n := range d {
			sum += int(n)
			often[i] += float64(n) / rounds
		}
		if sum != windows {
			t.Fatalf("got %d windows, want %d", sum, windows)
		}
	}
	if low, high := slices.Min(often[:]), slices.Max(often[:]); low < 0.75 || high > 1.25 {
		t.Errorf("windows are drawn %.2f to %.2f times, want about once", low, high)
	}
	if got := resample(fewestWindows-1, 5, 1); got.draws != nil {
		t.Errorf("got %d resamples of too few windows, want none", len(got.draws))
	}
}

func TestBlockLength(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	if got := blockLength(unitRanks(remembering(400, 0, rng))); got != shortestBlock {
		t.Errorf("no memory: got %d, want %d", got, shortestBlock)
	}
	if got := blockLength(unitRanks(remembering(400, 0.95, rng))); got < 15 || got > 100 {
		t.Errorf("long memory: got %d, want some dozens", got)
	}
	for n := range 10 {
		if got := blockLength(make([]float64, n)); got < 1 || got > max(n, 1) {
			t.Errorf("%d windows: got blocks of %d", n, got)
		}
	}
}

// The interval covers the true mean about as often as it says, also where windows remember.
func TestIntervalCoverage(t *testing.T) {
	const runs, windows = 300, 150
	for _, tt := range []struct{ memory, least float64 }{{0, 0.90}, {0.5, 0.87}} {
		covered := 0
		for seed := range uint64(runs) {
			rng := rand.New(rand.NewPCG(seed, 8))
			sum, values := make([]total, windows), remembering(windows, tt.memory, rng)
			for i := range values {
				values[i] = math.Log(values[i])
				sum[i] = total{100 * values[i], 100}
			}
			draws := resample(windows, blockLength(values), seed)
			means := draws.each(func(d drawn) float64 { return d.weighted(sum) })
			if i := draws.interval(mean(values), means); i.Low < 0 && i.High > 0 {
				covered++
			}
		}
		got := float64(covered) / runs
		t.Logf("memory %v: %.3f", tt.memory, got)
		if got < tt.least || got > 0.99 {
			t.Errorf("memory %v: covers the mean in %.3f of the runs, want at least %v", tt.memory, got, tt.least)
		}
	}
}

// Exponential wall times of mean 1 ms: the slowest hundredth is log(100)+1 ms long, the faster half 1-log(2).
func TestTailCoverage(t *testing.T) {
	const runs, windows, each = 150, 40, 100
	truth := (math.Log(100) + 1 - (1 - math.Ln2)) * 1e-3
	covered := 0
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 21))
		a := &account.Account{Tier: account.Full, Length: windows * grid}
		for i := range windows * each {
			if i%each == 0 {
				a.Windows = append(a.Windows, account.Window{At: time.Duration(i/each) * grid, Length: grid})
			}
			h := account.Handshake{Begin: time.Duration(i/each) * grid}
			h.Time[account.User] = time.Duration(rng.ExpFloat64() * 1e6)
			h.End = h.Begin + h.Time.Sum()
			a.Handshakes = append(a.Handshakes, h)
		}
		all := collect([]Observed{{Account: a}})
		i := tailOf(all, []account.Class{account.User}, resample(windows, shortestBlock, seed), seed).Wall
		if i.Low < truth && truth < i.High {
			covered++
		}
	}
	got := float64(covered) / runs
	t.Logf("covers the tail in %.3f of the runs", got)
	if got < 0.85 || got > 0.99 {
		t.Errorf("covers the tail in %.3f of the runs, want at least 0.85", got)
	}
}
