package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server/gateway"
)

const (
	parityRotations = 100
	parityPatience  = 5 * time.Second // for a generation
	parityPause     = 50 * time.Millisecond
)

func parity() experiment.Experiment {
	return experiment.Experiment{
		Name:  "parity",
		Title: "when each protocol of a gateway shows a new certificate",
		Doc: "A gateway with one certificate source for HTTP/1.1, HTTP/2 and HTTP/3, and a client of each that makes one " +
			"request of a new connection after the other. The certificate is replaced again and again: from the last step " +
			"of the writer to the end of the first request whose full handshake showed the new one.",
		Takes: 25 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runParity(ctx, b, parityRotations)
		},
	}
}

// source is a certificate that a server follows.
type source struct {
	name   string
	role   experiment.Role
	doc    string
	config *tls.Config
	run    func(context.Context)     // follows until ctx ends; nil: there is nothing to follow
	rotate func() (time.Time, error) // to the next generation; when the last step had been taken
}

func runParity(ctx context.Context, b experiment.Bench, rotations int) (arms []experiment.Arm, err error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	files, err := m.inFiles(filepath.Join(b.Dir, "parity"))
	if err != nil {
		return nil, err
	}
	for _, s := range []source{files, m.inMemory()} {
		b.Speak("parity: " + s.name)
		arm, err := s.parity(ctx, m, rand.New(rand.NewPCG(b.Seed, 3)), rotations)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		arms = append(arms, arm)
	}
	return arms, nil
}

// inFiles is a source of files that are renamed over. It goes on from the generation in memory.
func (m *memory) inFiles(dir string) (source, error) {
	place := rotation.Place{Dir: dir, Method: rotation.Rename}
	issued, err := m.authority.Issue(m.generation)
	if err != nil {
		return source{}, err
	}
	if err := place.Prepare(issued); err != nil {
		return source{}, err
	}
	settings := reload.Settings{Strategy: reload.Reference, Files: place.Files()}
	strategy, err := reload.Open(reload.Options{Settings: settings, Book: &reload.Book{}})
	if err != nil {
		return source{}, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}}
	reload.Apply(config, strategy)
	return source{
		name: "gateway", role: experiment.Reference, doc: "files that are renamed over, followed by the reference strategy", config: config,
		run: func(ctx context.Context) { strategy.Run(ctx) }, // its error is always nil
		rotate: func() (time.Time, error) {
			m.generation++
			issued, err := m.authority.Issue(m.generation)
			if err != nil {
				return time.Time{}, err
			}
			return rotation.Take(place.Steps(issued))
		},
	}, nil
}

// inMemory is a source that a handshake reads behind an atomic pointer.
func (m *memory) inMemory() source {
	return source{
		name: "memory", doc: "a certificate in memory, stored at once", config: m.server("h2", "http/1.1"),
		rotate: func() (time.Time, error) {
			err := m.rotate()
			return time.Now(), err
		},
	}
}

// parity is one arm.
func (s source) parity(ctx context.Context, m *memory, random *rand.Rand, rotations int) (arm experiment.Arm, err error) {
	address, stop, err := serveGateway(s.config, gateway.Settings{Reloads: s.run != nil})
	if err != nil {
		return arm, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	if s.run != nil {
		running.Go(func() { s.run(ctx) })
	}
	w := newWatch()
	for _, p := range protocols {
		running.Go(func() { w.follow(ctx, m, p, address) })
	}
	for n := range rotations + 1 { // after the first one every client has made a handshake
		last, err := s.rotate()
		if err != nil {
			return arm, err
		}
		if err := w.shown(ctx, m.generation, last, n > 0); err != nil {
			return arm, err
		}
		if err := wait(ctx, time.Duration(random.Int64N(int64(parityPause)))); err != nil {
			return arm, err
		}
	}
	arm = experiment.Arm{Name: s.name, Role: s.role, Doc: s.doc}
	w.tell(&arm)
	return arm, nil
}

// wait waits, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
