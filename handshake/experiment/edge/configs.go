package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
)

const (
	configRounds = 24 // in which every arm has a turn, in an order that is drawn
	configTurn   = 100
	configSwaps  = 50
)

func configForClient() experiment.Experiment {
	return experiment.Experiment{
		Name:  "config-for-client",
		Title: "what choosing a config for each connection costs",
		Doc: "The same number of full handshakes for each arm, in turns whose order is drawn. CPU and allocations are those " +
			"of the whole process, so of both sides. Then the config is swapped for one with another certificate, again and " +
			"again under load, and handshakes that were begun after a swap had returned must show it.",
		Takes: 25 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runConfigs(ctx, b, configRounds, configTurn, configSwaps)
		},
	}
}

// chosen is one way to choose a config, being measured.
type chosen struct {
	experiment.Arm
	config *tls.Config
	server *plain
	cpu    []float64 // seconds per handshake, of each round
	allocs []float64 // per handshake, of each round
}

// swap is a config that can be replaced.
type swap struct {
	*memory
	newest atomic.Pointer[tls.Config]
	stored atomic.Uint64 // generation of the newest swap that has returned
}

// swap replaces the config by one with another certificate.
func (s *swap) swap() error {
	if err := s.rotate(); err != nil {
		return err
	}
	s.newest.Store(&tls.Config{Certificates: []tls.Certificate{*s.served.Load()}, MinVersion: tls.VersionTLS13})
	s.stored.Store(s.generation)
	return nil
}

func newSwap() (*swap, error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	s := &swap{memory: m}
	return s, s.swap()
}

// ways are the arms, which differ in GetConfigForClient alone.
func (s *swap) ways() []*chosen {
	first := s.newest.Load()
	by := func(name string, role experiment.Role, doc string, choose func(*tls.ClientHelloInfo) (*tls.Config, error)) *chosen {
		config := first.Clone()
		config.GetConfigForClient = choose
		return &chosen{Arm: experiment.Arm{Name: name, Role: role, Doc: doc}, config: config}
	}
	return []*chosen{
		by("none", experiment.Control, "no GetConfigForClient", nil),
		by("static", "", "it returns the same config each time", func(*tls.ClientHelloInfo) (*tls.Config, error) { return first, nil }),
		by("clone", experiment.Published, "it returns a copy for each connection", func(*tls.ClientHelloInfo) (*tls.Config, error) { return first.Clone(), nil }),
		by("swapped", experiment.Reference, "it returns what was stored last behind an atomic pointer", func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.newest.Load(), nil }),
	}
}

func runConfigs(ctx context.Context, b experiment.Bench, rounds, turn, swaps int) (arms []experiment.Arm, err error) {
	s, err := newSwap()
	if err != nil {
		return nil, err
	}
	ways := s.ways()
	for _, w := range ways {
		if w.server, err = servePlain(w.config); err != nil {
			return nil, err
		}
		defer w.server.stop()
	}
	random := rand.New(rand.NewPCG(b.Seed, 2))
	for round := range rounds + 1 { // the first one warms up
		for _, i := range random.Perm(len(ways)) {
			if err := ways[i].turn(ctx, s.client(), turn, round > 0); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range ways {
		b.Speak("config-for-client: " + w.Name + ": swaps under load")
		w.Measures = w.costs(ways[0])
		if err := w.swapped(ctx, s, swaps); err != nil {
			return nil, err
		}
		arms = append(arms, w.Arm)
	}
	return arms, nil
}

// turn makes one arm's handshakes of a round, one after the other.
func (w *chosen) turn(ctx context.Context, client *tls.Config, handshakes int, counts bool) error {
	var before, after runtime.MemStats
	runtime.GC() // what the turn before left behind is its own
	runtime.ReadMemStats(&before)
	cpu := handshake.ReadCPU()
	for range handshakes {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := shake(w.server.address, client); err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	used := handshake.ReadCPU().Sub(cpu).Total()
	runtime.ReadMemStats(&after)
	if counts {
		w.cpu = append(w.cpu, used.Seconds()/float64(handshakes))
		w.allocs = append(w.allocs, float64(after.Mallocs-before.Mallocs)/float64(handshakes))
	}
	return nil
}

// costs are medians over rounds; the ratio is to another arm's cost in the same round.
func (w *chosen) costs(to *chosen) []experiment.Measure {
	ratios := make([]float64, len(w.cpu))
	for i := range w.cpu {
		ratios[i] = w.cpu[i] / to.cpu[i]
	}
	return []experiment.Measure{
		median("cpu", "s", w.cpu), median("cpu_ratio", "ratio", ratios), median("allocs", "allocations", w.allocs),
	}
}

// swapped swaps the config while two clients make handshakes, and counts those that showed an older one than the newest
// that had been stored before they began. Four handshakes end from one swap to the next.
func (w *chosen) swapped(ctx context.Context, s *swap, swaps int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var handshakes, stale atomic.Uint64
	var running sync.WaitGroup
	beats := make(chan struct{})
	for range 2 {
		running.Go(func() {
			for ctx.Err() == nil {
				due := s.stored.Load()
				state, err := shake(w.server.address, s.client())
				if err != nil {
					cancel(fmt.Errorf("%s: %w", w.Name, err))
					return
				}
				handshakes.Add(1)
				if generationOf(&state) < due {
					stale.Add(1)
				}
				select {
				case beats <- struct{}{}:
				case <-ctx.Done():
				}
			}
		})
	}
	err := s.swaps(ctx, beats, swaps)
	cancel(nil)
	running.Wait()
	w.Measures = append(w.Measures, experiment.Count("stale", "handshakes", stale.Load(), handshakes.Load()))
	return err
}

func (s *swap) swaps(ctx context.Context, beats <-chan struct{}, swaps int) error {
	for range swaps {
		if err := s.swap(); err != nil {
			return err
		}
		for range 4 {
			select {
			case <-beats:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}
