package attribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// slowFile makes reading a file slow in some windows, and handshakes wait for it there. The second file is as slow in
// windows of its own choice, and nobody waits for it.
func slowFile(seed uint64) []Observed {
	rng := rand.New(rand.NewPCG(seed, 5))
	size := make([]time.Duration, 120)
	for i := range size {
		size[i] = time.Duration(rng.ExpFloat64() * 300e3)
	}
	m := made{seed: seed, length: 12 * time.Second, rate: 1200, file: func(w int) time.Duration { return size[w] * 120 }}
	m.extra = func(at time.Duration, _ int, _ *rand.Rand) (t account.Times) {
		t[account.Blocked] = size[min(int(at/grid), len(size)-1)]
		return t
	}
	o := m.observed()
	for i := range o.Account.Windows {
		o.Account.Windows[i].Files["other.pem"] = account.FileUse{Count: 1, Time: time.Duration(rng.ExpFloat64() * 36e6)}
	}
	return []Observed{o}
}

func find(all []Correlation, kind, name string) *Correlation {
	for i := range all {
		if all[i].Kind == kind && all[i].Name == name {
			return &all[i]
		}
	}
	return &Correlation{}
}

func TestCorrelationFindsWhatWasPlanted(t *testing.T) {
	e := Explain(slowFile(1))
	for _, tt := range []struct{ kind, name string }{{"file", "cert.pem"}, {"class", "blocked"}} {
		c := find(e.Correlations, tt.kind, tt.name)
		if !c.Notable || c.Rho.Value < 0.6 || c.Rho.Low < 0.4 || c.Partial < 0.6 || c.Lag != 0 {
			t.Errorf("%s %s: got %+v, want it notable and strong", tt.kind, tt.name, *c)
		}
	}
	wrong := 0
	for seed := range uint64(10) {
		if c := find(Explain(slowFile(seed)).Correlations, "file", "other.pem"); c.Notable || c.P == 0 {
			wrong++
		}
	}
	if wrong > 1 {
		t.Errorf("the unrelated file is notable in %d of 10 runs", wrong)
	}
}

// remembering is a series that forgets by 1-memory in each step.
func remembering(n int, memory float64, rng *rand.Rand) []float64 {
	values, last := make([]float64, n), 0.0
	for i := range values {
		last = memory*last + rng.NormFloat64()
		values[i] = math.Exp(last)
	}
	return values
}

func unrelated(n, quantities int, memory float64, seed uint64) ([]stretch, []quantity) {
	rng := rand.New(rand.NewPCG(seed, 11))
	windows := make([]stretch, n)
	rate := remembering(n, memory, rng)
	for i, v := range remembering(n, memory, rng) {
		windows[i].Tracked, windows[i].Handshakes, windows[i].Rate = v, 100, rate[i]
	}
	list := make([]quantity, quantities)
	for i := range list {
		list[i] = quantity{kind: "class", name: fmt.Sprint(i), values: remembering(n, memory, rng)}
	}
	return windows, list
}

// Where nothing goes with anything, some pair is called notable in one run of twenty, also where windows remember.
func TestFalseAlarms(t *testing.T) {
	const runs = 200
	for _, tt := range []struct {
		windows int
		memory  float64
		most    float64
	}{{60, 0, 0.09}, {60, 0.5, 0.12}, {150, 0.5, 0.10}, {150, 0.8, 0.15}} {
		alarms, low := 0, 0
		for seed := range uint64(runs) {
			windows, quantities := unrelated(tt.windows, 10, tt.memory, seed)
			all, _ := correlate(windows, quantities, seed)
			if all[0].Notable {
				alarms++
			}
			for _, c := range all {
				if c.P <= 0.05 {
					low++
				}
			}
		}
		share := float64(alarms) / runs
		t.Logf("%d windows, memory %v: alarms in %.3f of the runs, P <= 0.05 for %.3f of the pairs",
			tt.windows, tt.memory, share, float64(low)/runs/10)
		if share > tt.most {
			t.Errorf("%d windows, memory %v: alarms in %.3f of the runs, want at most %v", tt.windows, tt.memory, share, tt.most)
		}
	}
}

func TestLag(t *testing.T) {
	windows, quantities := unrelated(80, 1, 0, 3)
	for _, lag := range []int{-3, -1, 0, 2, 3} {
		for i := range windows {
			if from := i + lag; from >= 0 && from < len(windows) {
				quantities[0].values[i] = windows[from].Tracked
			}
		}
		all, _ := correlate(windows, quantities, 1)
		if got := all[0].Lag; got != lag {
			t.Errorf("a quantity that leads by %d windows: got %d", lag, got)
		}
	}
}

// What only follows the load says nothing once the load is held fixed.
func TestPartial(t *testing.T) {
	windows, quantities := unrelated(300, 1, 0, 4)
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range windows {
		windows[i].Tracked = windows[i].Rate * math.Exp(0.3*rng.NormFloat64())
		quantities[0].values[i] = windows[i].Rate * math.Exp(0.3*rng.NormFloat64())
	}
	all, _ := correlate(windows, quantities, 1)
	if c := all[0]; c.Rho.Value < 0.8 || math.Abs(c.Partial) > 0.15 {
		t.Errorf("got rho %.2f and partial %.2f, want above 0.8 and near 0", c.Rho.Value, c.Partial)
	}
}

func TestRanks(t *testing.T) {
	// Ranks 1, 2.5, 2.5, 4 about their mean: -1.5, 0, 0, 1.5.
	got := unitRanks([]float64{3, 7, 7, 100})
	for i, want := range []float64{-math.Sqrt2 / 2, 0, 0, math.Sqrt2 / 2} {
		if !near(got[i], want, 1e-12) {
			t.Errorf("rank %d: got %v, want %v", i, got[i], want)
		}
	}
	x, y := unitRanks([]float64{106, 100, 86, 101, 99, 103, 97, 113, 112, 110}), unitRanks([]float64{7, 27, 2, 50, 28, 29, 20, 12, 6, 17})
	if got, want := dot(x, y), -29.0/165; !near(got, want, 1e-12) {
		t.Errorf("Spearman: got %v, want %v", got, want)
	}
}

// Printed tables of Student's t.
func TestStudent(t *testing.T) {
	for _, tt := range []struct{ alpha, df, want float64 }{
		{0.05, 1, 12.706}, {0.05, 5, 2.571}, {0.05, 9, 2.262}, {0.05, 30, 2.042}, {0.01, 10, 3.169}, {0.05, 5000, 1.960}, {0.001, 20, 3.850},
	} {
		if got := studentQuantile(tt.alpha, tt.df); !near(got, tt.want, 6e-4) {
			t.Errorf("alpha %v, %v degrees of freedom: got %v, want %v", tt.alpha, tt.df, got, tt.want)
		}
	}
}

func TestBenjaminiHochberg(t *testing.T) {
	// The example of the paper of 1995, section 4: four of fifteen are found.
	var all []Correlation
	for _, p := range []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1} {
		all = append(all, Correlation{P: p})
	}
	markNotable(all)
	for i, c := range all {
		if want := i < 4; c.Notable != want {
			t.Errorf("p = %v: got notable %v, want %v", c.P, c.Notable, want)
		}
	}
}

func TestEpisodes(t *testing.T) {
	m := made{seed: 8, length: 10 * time.Second, rate: 1100}
	inside := func(at time.Duration) bool { return at >= 4*time.Second && at < 4300*time.Millisecond }
	m.extra = func(at time.Duration, _ int, _ *rand.Rand) (t account.Times) {
		if inside(at) {
			t[account.RunQueue] = 3 * time.Millisecond
		}
		return t
	}
	m.file = func(w int) time.Duration {
		if inside(time.Duration(w) * grid) {
			return 40 * time.Millisecond
		}
		return 50 * time.Microsecond * time.Duration(w%3)
	}
	e := Explain([]Observed{m.observed()})
	if len(e.Episodes) == 0 || len(e.Episodes) > mostEpisodes {
		t.Fatalf("got %d episodes, want one to %d", len(e.Episodes), mostEpisodes)
	}
	worst := e.Episodes[0]
	for _, one := range e.Episodes {
		if one.Tracked > worst.Tracked {
			worst = one
		}
	}
	if worst.At != 4*time.Second || worst.Length < 300*time.Millisecond || worst.Length > 400*time.Millisecond {
		t.Errorf("got an episode at %v for %v, want 4s for 300ms", worst.At, worst.Length)
	}
	named := map[string]bool{}
	for _, r := range worst.Raised {
		named[r.Kind+" "+r.Name] = true
	}
	if !named["class run queue"] || !named["file cert.pem"] || named["class user"] {
		t.Errorf("raised: got %v, want the run queue and the file", worst.Raised)
	}
	if len(worst.Exemplars) != exemplars || worst.Exemplars[0].Time[account.RunQueue] < 3*time.Millisecond {
		t.Errorf("exemplars: got %v, want %d slow ones", worst.Exemplars, exemplars)
	}
}

// An episode ends with its block; what rose by chance, or by too little to matter, is not named.
func TestEpisodesKeepToTheirBlock(t *testing.T) {
	windows := make([]stretch, 40)
	rng := rand.New(rand.NewPCG(6, 6))
	fast := quantity{"class", "network", make([]float64, 40), true}
	tiny := quantity{"syscall", "madvise", make([]float64, 40), true}
	slow := quantity{"class", "run queue", make([]float64, 40), true}
	for i := range windows {
		windows[i].Tracked, windows[i].Handshakes = 1e-3+1e-5*rng.Float64(), 100
		windows[i].block = i / 20
		windows[i].Block = i / 20
		fast.values[i] = 1 + 1e-3*rng.Float64()
	}
	for i := 18; i < 23; i++ {
		windows[i].Tracked, slow.values[i], tiny.values[i] = 9e-3, 8e-3, 1e-9
	}
	got := episodesOf(&collection{windows: windows}, []quantity{fast, tiny, slow})
	if len(got) != 2 || got[0].Block != 0 || got[1].Block != 1 {
		t.Fatalf("got %+v, want one episode in each block", got)
	}
	for _, e := range got {
		if len(e.Raised) != 1 || e.Raised[0].Name != "run queue" || e.Raised[0].Z <= farAbove {
			t.Errorf("raised: got %+v, want the run queue alone", e.Raised)
		}
	}
}

func BenchmarkCorrelate(b *testing.B) {
	windows, quantities := unrelated(600, 60, 0.5, 1)
	for b.Loop() {
		correlate(windows, quantities, 1)
	}
}
