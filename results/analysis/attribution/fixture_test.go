package attribution

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/hist"
)

const grid = 100 * time.Millisecond

// made is an account whose composition is known.
type made struct {
	seed    uint64
	block   int
	group   int
	length  time.Duration
	rate    float64 // handshakes per second
	extra   func(at time.Duration, i int, rng *rand.Rand) account.Times
	file    func(window int) time.Duration // read time of the file "cert.pem"
	samples bool
}

func (m made) observed() Observed {
	rng := rand.New(rand.NewPCG(m.seed, 99))
	a := &account.Account{Tier: account.Full, Length: m.length, Phases: []string{"client-hello", "finish"}}
	windows := int(m.length / grid)
	for i := range windows {
		a.Windows = append(a.Windows, m.window(i, rng))
	}
	gap := time.Duration(float64(time.Second) / m.rate)
	for i := range int(m.length / gap) {
		begin := time.Duration(i) * gap
		h := m.handshake(begin, i, rng)
		if h.End > m.length {
			a.Unfinished++
			continue
		}
		a.Handshakes = append(a.Handshakes, h)
	}
	slices.SortStableFunc(a.Handshakes, func(x, y account.Handshake) int { return int(x.End - y.End) })
	n := len(a.Handshakes)
	a.Syscalls = []account.Syscall{{Name: "read", Count: uint64(2 * n), Latency: histogramOf(rng, 2*n)}}
	a.Books = account.Books{OnCPU: m.length / 4, SchedstatCPU: m.length / 4, RunQueue: m.length / 50,
		SchedstatRunDelay: m.length / 50, Accepts: uint64(n)}
	o := Observed{Block: m.block, Group: m.group, Account: a, Server: int64(n), Client: int64(n) + a.Unfinished, Steal: 0.01}
	if m.samples {
		o.Samples = samplesOf(windows)
		a.Sampling = &account.Sampling{Hertz: 4999, Samples: 1000, Expected: 1050, Rooted: 980}
	}
	return o
}

func (m made) window(i int, rng *rand.Rand) account.Window {
	w := account.Window{At: time.Duration(i) * grid, Length: grid, GCCycles: uint64(rng.IntN(3)),
		Others:   time.Duration(rng.ExpFloat64() * 1e6),
		Syscalls: map[string]account.SyscallUse{"read": {Count: 10, Time: time.Duration(rng.ExpFloat64() * 1e6)}}}
	w.Threads[account.User] = 20*time.Millisecond + time.Duration(rng.IntN(1e6))
	w.Threads[account.Kernel] = 5*time.Millisecond + time.Duration(rng.IntN(1e6))
	if m.file != nil {
		w.Files = map[string]account.FileUse{"cert.pem": {Count: 1, Time: m.file(i)}}
	}
	return w
}

func (m made) handshake(begin time.Duration, i int, rng *rand.Rand) account.Handshake {
	h := account.Handshake{Begin: begin, Port: uint16(1024 + i%60000)}
	early := account.Times{account.User: 100e3 + time.Duration(rng.IntN(50e3)), account.Kernel: 40e3,
		account.Network: time.Duration(rng.ExpFloat64() * 100e3)}
	late := account.Times{account.User: 80e3, account.RunQueue: time.Duration(rng.ExpFloat64() * 20e3),
		account.Runnable: time.Duration(rng.ExpFloat64() * 20e3)}
	if m.extra != nil {
		late.Add(m.extra(begin, i, rng))
	}
	h.Phases = []account.Times{early, late}
	h.Time.Add(early)
	h.Time.Add(late)
	h.End = begin + h.Time.Sum()
	return h
}

func histogramOf(rng *rand.Rand, n int) (h hist.Histogram) {
	for range n {
		h.Record(int64(rng.IntN(1e6)))
	}
	return h
}

// samplesOf has signing in every window and, from the middle on, twice as much ML-KEM.
func samplesOf(windows int) (samples []account.Sample) {
	stack := func(name string) []account.Frame {
		return []account.Frame{{Function: name, Module: "go"}, {Function: "runtime.goexit", Module: "go"}}
	}
	for w := range windows {
		samples = append(samples,
			account.Sample{Stack: stack("crypto/internal/fips140/ecdsa.Sign"), Phase: "finish", Window: w, Count: 30},
			account.Sample{Stack: stack("crypto/internal/fips140/mlkem.kemEncaps"), Phase: "client-hello", Window: w, Count: int64(10 + 10*(2*w/windows))})
	}
	return samples
}
