package p384

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"math"
	mathrand "math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/accel/p384/internal/ifma8"
	"github.com/tlslab/tlslab/accel/p384/internal/single"
)

// secrets are what must not show in the time.
type secrets struct{ k, d, e [6]uint64 }

func randomScalar() (z [6]uint64) {
	for !usable(&z) {
		var b [size]byte
		rand.Read(b[:])
		setOctets(&z, &b)
	}
	return z
}

func randomSecrets() secrets { return secrets{randomScalar(), randomScalar(), randomScalar()} }

// sample is how long one run took, and whether its secret was the fixed one.
type sample struct {
	fixed bool
	took  time.Duration
}

// measure times run on secrets that are fixed in one half of the runs and random in the other; which it is is drawn
// anew for every run. set makes secrets fixed.
func measure(n int, set func(*secrets), run func(*secrets)) []sample {
	samples := make([]sample, 0, n)
	const chunk = 512
	inputs := make([]secrets, chunk)
	for len(samples) < n {
		begin := len(samples)
		for i := range inputs {
			inputs[i] = randomSecrets()
			fixed := mathrand.IntN(2) == 0
			if fixed {
				set(&inputs[i])
			}
			samples = append(samples, sample{fixed: fixed})
		}
		for i := range inputs {
			now := time.Now()
			run(&inputs[i])
			samples[begin+i].took = time.Since(now)
		}
	}
	return samples
}

// welch is Welch's t of the two classes, of the runs that took at most limit.
func welch(samples []sample, limit time.Duration) float64 {
	var n, mean, m2 [2]float64
	for _, s := range samples {
		if s.took > limit {
			continue
		}
		class := 0
		if s.fixed {
			class = 1
		}
		n[class]++
		delta := float64(s.took) - mean[class]
		mean[class] += delta / n[class]
		m2[class] += delta * (float64(s.took) - mean[class])
	}
	variance := func(class int) float64 { return m2[class] / (n[class] - 1) / n[class] }
	if n[0] < 1000 || n[1] < 1000 {
		return 0
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance(0)+variance(1))
}

// leak is the largest |t| over croppings of the slowest runs: as dudect does, a hundred limits that lie closer
// together near the fast end, and no limit.
func leak(samples []sample) float64 {
	took := make([]time.Duration, len(samples))
	for i, s := range samples {
		took[i] = s.took
	}
	slices.Sort(took)
	worst := math.Abs(welch(samples, math.MaxInt64))
	for i := range 100 {
		quantile := 1 - math.Pow(0.5, 10*float64(i+1)/100)
		worst = max(worst, math.Abs(welch(samples, took[int(quantile*float64(len(took)-1))])))
	}
	return worst
}

// leaky is a control: an inversion that takes as long as its number is hard.
func leaky(in *secrets) {
	if toBig(&in.k).ModInverse(toBig(&in.k), elliptic.P384().Params().N) == nil {
		panic("no inverse")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// targets are the operations on secrets, by name. "nonce" does not use k: where that is fixed it shows what noise is.
func targets() map[string]func(*secrets) {
	var r, s, k, e, d [maxLanes][6]uint64
	fill := func(n int, in *secrets) {
		for i := range n {
			k[i], e[i], d[i] = in.k, in.e, in.d
		}
	}
	g := newDRBG(sha512.New())
	all := map[string]func(*secrets){
		"single (" + single.Kernel() + ")": func(in *secrets) {
			fill(1, in)
			single.Sign(r[:1], s[:1], k[:1], e[:1], d[:1])
		},
		"nonce": func(in *secrets) {
			var secret, digest [size]byte
			octets(&secret, &in.d)
			octets(&digest, &in.e)
			if err := g.hedge(zeros{}, &secret, &digest); err != nil {
				panic(err)
			}
			var k [6]uint64
			g.next(&k)
		},
	}
	if ifma8.Available() == nil {
		all["ifma8"] = func(in *secrets) {
			fill(maxLanes, in)
			ifma8.Sign(r[:], s[:], k[:], e[:], d[:])
		}
	}
	return all
}

// TestCampaignTiming asks, as dudect does, whether the time of a signature tells a fixed key from random ones, and a
// fixed nonce from random ones. |t| beyond 4.5 asks for a look, beyond 10 there is a leak.
func TestCampaignTiming(t *testing.T) {
	needCampaign(t)
	n := 100_000
	key, nonce := randomScalar(), randomScalar()
	sets := []struct {
		name string
		set  func(*secrets)
	}{
		{"key", func(in *secrets) { in.d = key }},
		{"key of 1", func(in *secrets) { in.d = [6]uint64{1} }},
		{"nonce", func(in *secrets) { in.k = nonce }},
		{"nonce of 3", func(in *secrets) { in.k = [6]uint64{3} }},
		{"digest", func(in *secrets) { in.e = key }},
		{"key, nonce and digest", func(in *secrets) { *in = secrets{nonce, key, key} }},
	}
	for _, set := range sets {
		for name, run := range targets() {
			got := leak(measure(n, set.set, run))
			t.Logf("%-18s fixed %-22s |t| = %5.2f, %d runs", name, set.name, got, n)
			if got > 10 {
				t.Errorf("%s: the time tells a fixed %s from a random one: |t| = %.1f", name, set.name, got)
			}
		}
	}
	got := leak(measure(n, func(in *secrets) { in.k = nonce }, leaky))
	t.Logf("%-18s fixed %-22s |t| = %5.2f, %d runs", "leaky control", "nonce", got, n)
	got = leak(measure(n, func(in *secrets) { in.k = [6]uint64{3} }, leaky))
	t.Logf("%-18s fixed %-22s |t| = %5.2f, %d runs", "leaky control", "nonce of 3", got, n)
	if got < 100 {
		t.Errorf("the comparison does not find the control's leak: |t| = %.1f", got)
	}
}

// The arithmetic of the comparison, without a clock: a difference that is there is found, and none where there is none.
func TestLeak(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	made := func(shift time.Duration) []sample {
		samples := make([]sample, 20_000)
		for i := range samples {
			samples[i] = sample{fixed: random.IntN(2) == 0, took: time.Duration(50_000 + 1000*random.NormFloat64())}
			if random.IntN(20) == 0 {
				samples[i].took += time.Duration(random.IntN(1_000_000)) // an interruption
			}
			if samples[i].fixed {
				samples[i].took += shift
			}
		}
		return samples
	}
	if got := leak(made(0)); got > 5 {
		t.Errorf("no difference: |t| = %.1f", got)
	}
	if got := leak(made(200)); got < 10 {
		t.Errorf("a difference of 200 ns: |t| = %.1f", got)
	}
	var same []sample
	for i, took := range []time.Duration{1, 2, 3, 4} {
		for range 1000 {
			same = append(same, sample{i%2 == 0, took})
		}
	}
	// means 2 and 3, both variances 2000/1999
	if got, want := welch(same, math.MaxInt64), 1/math.Sqrt(2*(2000.0/1999)/2000); math.Abs(got-want) > 1e-9 {
		t.Errorf("t = %v, want %v", got, want)
	}
}
