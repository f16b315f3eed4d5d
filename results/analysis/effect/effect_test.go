package effect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

func TestLogRatio(t *testing.T) {
	for _, tt := range []struct {
		name                string
		baseline, candidate []float64
		want                float64
		bad                 bool
	}{
		{"twice", []float64{1, 1}, []float64{2, 2}, math.Log(2), false},
		{"geometric drift cancels in ABBA", []float64{1, 8}, []float64{2, 4}, 0, false},
		{"one block each", []float64{4}, []float64{1}, -math.Log(4), false},
		{"unequal sides", []float64{1}, []float64{2, 8}, math.Log(4), false},
		{"no baseline", nil, []float64{1}, 0, true},
		{"no candidate", []float64{1}, nil, 0, true},
		{"zero", []float64{0}, []float64{1}, 0, true},
		{"negative", []float64{1}, []float64{-1}, 0, true},
		{"NaN", []float64{math.NaN()}, []float64{1}, 0, true},
		{"infinite", []float64{1}, []float64{math.Inf(1)}, 0, true},
	} {
		got, err := LogRatio(tt.baseline, tt.candidate)
		if (err != nil) != tt.bad || !near(got, tt.want, 1e-12) {
			t.Errorf("%s: got %v, %v, want %v, error %v", tt.name, got, err, tt.want, tt.bad)
		}
	}
}

// The depression scores of Hollander and Wolfe, example 3.1: estimate -0.46, interval from -0.786 to -0.010 at 96.1 %.
func TestEstimateTextbook(t *testing.T) {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	var d []float64
	for i := range before {
		d = append(d, after[i]-before[i])
	}
	r, confidence, ok := Estimate(d, 0.05)
	if !ok || !near(confidence, 0.9609375, 1e-12) {
		t.Errorf("got confidence %v, %v, want 0.9609375", confidence, ok)
	}
	for _, c := range []struct{ got, want float64 }{{r.Point, -0.46}, {r.Lo, -0.786}, {r.Hi, -0.010}} {
		if !near(math.Log(c.got), c.want, 5e-4) {
			t.Errorf("got %v, want %v", math.Log(c.got), c.want)
		}
	}
}

// The permeability of a membrane, from http://www.public.iastate.edu/~wrstephe/stat403/membrane/membrane.html: estimate
// 1.385, interval from 1.13 to 1.67 at 95.2 % by a table of three digits, and 2 x 0.019 that the median is 1.10.
func TestEstimateMembrane(t *testing.T) {
	y := []float64{0.90, 1.13, 1.89, 1.14, 1.45, 1.38, 1.91, 1.64, 0.83, 1.46}
	r, confidence, ok := Estimate(y, 0.05)
	if !ok || !near(confidence, 0.952, 1e-3) {
		t.Errorf("got confidence %v, %v, want 0.952", confidence, ok)
	}
	for _, c := range []struct{ got, want float64 }{{r.Point, 1.385}, {r.Lo, 1.13}, {r.Hi, 1.67}} {
		if !near(math.Log(c.got), c.want, 5e-3) {
			t.Errorf("got %v, want %v", math.Log(c.got), c.want)
		}
	}
	if got := PBeyond(y, math.Exp(1.10)-1, false); !near(got, 2*0.019, 1e-3) {
		t.Errorf("p: got %v, want 0.038", got)
	}
}

// The interval holds exactly the shifts that the test, computed by going through all 2^n signs, does not reject.
func TestEstimateInvertsTheTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 6; n <= 10; n++ {
		d := make([]float64, n)
		for i := range d {
			d[i] = rng.NormFloat64()
		}
		r, _, _ := Estimate(d, 0.05)
		for shift := -2.0; shift <= 2; shift += 0.05 {
			inside := shift >= math.Log(r.Lo) && shift <= math.Log(r.Hi)
			if accepted := bruteP(d, shift) > 0.05; accepted != inside {
				t.Errorf("n=%d shift %.2f: test accepts %v, interval [%v, %v]", n, shift, accepted, math.Log(r.Lo), math.Log(r.Hi))
			}
		}
	}
}

// Two-sided p-value of the signed-rank test that d is symmetric about shift, by enumeration.
func bruteP(d []float64, shift float64) float64 {
	size := make([]float64, len(d))
	for i, x := range d {
		size[i] = math.Abs(x - shift)
	}
	sorted := slices.Sorted(slices.Values(size))
	sum := func(positive func(i int) bool) (s int) {
		for i := range d {
			if positive(i) {
				s += 1 + slices.Index(sorted, size[i])
			}
		}
		return s
	}
	middle := float64(len(d)*(len(d)+1)) / 4
	seen := math.Abs(float64(sum(func(i int) bool { return d[i] > shift })) - middle)
	extreme := 0
	for signs := range 1 << len(d) {
		if math.Abs(float64(sum(func(i int) bool { return signs>>i&1 == 1 }))-middle) >= seen {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(d))
}

func TestEstimateWithoutInterval(t *testing.T) {
	for _, tt := range []struct {
		name  string
		d     []float64
		alpha float64
		want  Ratio
	}{
		{"five groups", []float64{1, 1, 1, 1, 1}, 0.05, Ratio{math.E, 0, math.Inf(1)}},
		{"seven groups at 1 %", make([]float64, 7), 0.01, Ratio{1, 0, math.Inf(1)}},
		{"none", nil, 0.05, Ratio{}},
		{"NaN", []float64{1, 1, 1, 1, 1, 1, math.NaN()}, 0.05, Ratio{}},
		{"infinite", []float64{1, 1, 1, 1, 1, 1, math.Inf(-1)}, 0.05, Ratio{}},
	} {
		got, confidence, ok := Estimate(tt.d, tt.alpha)
		if ok || confidence != 0 || got != tt.want {
			t.Errorf("%s: got %v, %v, %v, want %v", tt.name, got, confidence, ok, tt.want)
		}
	}
}

func TestEstimateOfEqualGroups(t *testing.T) {
	got, _, ok := Estimate(make([]float64, 6), 0.05)
	if want := (Ratio{1, 1, 1}); !ok || got != want {
		t.Errorf("got %v, %v, want %v", got, ok, want)
	}
	if v := Judge(got, 0, false); v != Same {
		t.Errorf("at margin 0: got %s, want same", v)
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		lo, hi, margin float64
		want, higher   Verdict
	}{
		{1.03, 1.05, 0.02, Worse, Better},
		{0.90, 0.95, 0.02, Better, Worse},
		{0.99, 1.01, 0.02, Same, Same},
		{1 / 1.02, 1.02, 0.02, Same, Same},
		{1.01, 1.05, 0.02, Inconclusive, Inconclusive},
		{0.95, 0.99, 0.02, Inconclusive, Inconclusive},
		{0.50, 2.00, 0.02, Inconclusive, Inconclusive},
		{0, math.Inf(1), 0.02, Inconclusive, Inconclusive},
		{math.NaN(), math.NaN(), 0.02, Inconclusive, Inconclusive},
		{1.03, 1.05, 0.10, Same, Same},
	} {
		r := Ratio{Point: 1, Lo: tt.lo, Hi: tt.hi}
		if got := Judge(r, tt.margin, false); got != tt.want {
			t.Errorf("[%v, %v] margin %v: got %s, want %s", tt.lo, tt.hi, tt.margin, got, tt.want)
		}
		if got := Judge(r, tt.margin, true); got != tt.higher {
			t.Errorf("[%v, %v] margin %v, higher is better: got %s, want %s", tt.lo, tt.hi, tt.margin, got, tt.higher)
		}
	}
}

func FuzzEstimate(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) == 0 || len(steps) > 40 {
			return
		}
		d := make([]float64, len(steps))
		mirrored := make([]float64, len(steps))
		for i, s := range steps {
			d[i] = (float64(s) - 128) / 256
			mirrored[len(d)-1-i] = -d[i]
		}
		r, confidence, ok := Estimate(d, 0.05)
		swapped, _, _ := Estimate(mirrored, 0.05)
		shuffled := slices.Clone(d)
		rand.New(rand.NewPCG(1, uint64(len(d)))).Shuffle(len(d), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if again, _, _ := Estimate(shuffled, 0.05); again != r {
			t.Errorf("order of groups matters: %v, %v", r, again)
		}
		if ok != (len(d) >= 6) || ok && confidence < 0.95 {
			t.Errorf("n=%d: ok %v, confidence %v", len(d), ok, confidence)
		}
		if !(r.Lo <= r.Point && r.Point <= r.Hi) {
			t.Errorf("the point is outside its interval: %v", r)
		}
		if ok && !(near(r.Lo*swapped.Hi, 1, 1e-9) && near(r.Point*swapped.Point, 1, 1e-9)) {
			t.Errorf("swapping the sides does not invert the ratio: %v, %v", r, swapped)
		}
		opposite := map[Verdict]Verdict{Better: Worse, Worse: Better, Same: Same, Inconclusive: Inconclusive}
		if got, want := Judge(swapped, 0.0213, false), opposite[Judge(r, 0.0213, false)]; got != want {
			t.Errorf("swapped verdict: got %s, want %s", got, want)
		}
	})
}

func Example() {
	// Six groups ABBA: two blocks of each side, CPU seconds per handshake.
	baseline := [][]float64{{100e-6, 102e-6}, {101e-6, 99e-6}, {103e-6, 104e-6}, {100e-6, 100e-6}, {98e-6, 99e-6}, {101e-6, 101e-6}}
	candidate := [][]float64{{110e-6, 111e-6}, {112e-6, 109e-6}, {113e-6, 115e-6}, {108e-6, 110e-6}, {108e-6, 109e-6}, {111e-6, 110e-6}}
	var d []float64
	for i := range baseline {
		x, _ := LogRatio(baseline[i], candidate[i])
		d = append(d, x)
	}
	r, confidence, _ := Estimate(d, 0.05)
	fmt.Printf("%.3f [%.3f, %.3f] at %.1f %%: %s\n", r.Point, r.Lo, r.Hi, 100*confidence, Judge(r, 0.02, false))
	// Output: 1.098 [1.090, 1.105] at 96.9 %: worse
}
