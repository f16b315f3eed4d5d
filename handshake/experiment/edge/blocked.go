package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

const (
	crowdTotal = 4096 // handshakes of an arm
	looks      = 24   // at its goroutines
	heldFor    = time.Millisecond
)

func blocked() experiment.Experiment {
	return experiment.Experiment{
		Name:  "blocked",
		Title: "where handshakes wait for a lock",
		Doc: "64 and 1,024 dialers in a closed loop, against a server of crypto/tls alone and one of net/http. Time spent " +
			"waiting for locks is the runtime's own account for the whole process, clients and server; 24 times the stacks " +
			"of all goroutines that take part are looked at, and those that wait for a mutex are counted.",
		Takes: 30 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runBlocked(ctx, b, []int{64, 1024}, crowdTotal)
		},
	}
}

// pressed is an arm: dialers who press upon a server.
type pressed struct {
	experiment.Arm
	dialers int
	total   uint64 // handshakes
	serve   func() (shake func() error, stop func(), err error)
}

func runBlocked(ctx context.Context, b experiment.Bench, dialers []int, total uint64) (arms []experiment.Arm, err error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	for _, p := range m.pressed(dialers, total) {
		b.Speak("blocked: " + p.Name)
		if err := p.press(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		arms = append(arms, p.Arm)
	}
	return arms, nil
}

// pressed are two arms for each number of dialers, and one in which a lock is known to be waited for.
func (m *memory) pressed(dialers []int, total uint64) (all []*pressed) {
	for _, n := range dialers {
		all = append(all, &pressed{dialers: n, total: total, serve: m.plainly(m.server()), Arm: experiment.Arm{
			Name: fmt.Sprint(n), Role: experiment.Reference,
			Doc: fmt.Sprintf("%d dialers, a server of crypto/tls alone whose connections share nothing but its config", n),
		}})
	}
	for _, n := range dialers {
		all = append(all, &pressed{dialers: n, total: total, serve: m.overHTTP, Arm: experiment.Arm{
			Name: fmt.Sprintf("net/http-%d", n), Role: experiment.Published,
			Doc: fmt.Sprintf("%d dialers who make one request each over HTTP/1.1, a server of net/http, which has a lock for its connections", n),
		}})
	}
	return append(all, &pressed{dialers: dialers[0], total: total / 4, serve: m.plainly(m.oneLock()), Arm: experiment.Arm{
		Name: "one-lock", Role: experiment.Control,
		Doc: fmt.Sprintf("%d dialers, and every handshake holds the same lock for %v while it chooses the certificate", dialers[0], heldFor),
	}})
}

// oneLock is a config that chooses the certificate under a lock that it holds for long.
func (m *memory) oneLock() *tls.Config {
	var mu sync.Mutex
	config := m.server()
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(heldFor)
		return m.certificate(hello)
	}
	return config
}

// plainly serves a config without anything above TLS.
func (m *memory) plainly(config *tls.Config) func() (func() error, func(), error) {
	return func() (func() error, func(), error) {
		p, err := servePlain(config)
		if err != nil {
			return nil, nil, err
		}
		client := m.client()
		return func() error {
			_, err := shake(p.address, client)
			return err
		}, p.stop, nil
	}
}

// overHTTP serves by net/http, without HTTP/2.
func (m *memory) overHTTP() (func() error, func(), error) {
	s := &http.Server{TLSConfig: m.server(), TLSNextProto: map[string]handOver{}, Handler: http.HandlerFunc(answer)}
	address, stop, err := serveHTTP(s)
	if err != nil {
		return nil, nil, err
	}
	client := m.client("http/1.1")
	return func() error { return shakeHTTP(address, client) }, stop, nil
}

// press carries out an arm.
func (p *pressed) press(ctx context.Context) error {
	shake, stop, err := p.serve()
	if err != nil {
		return err
	}
	defer stop()
	seen, due, done := census{}, make(chan struct{}, looks), make(chan struct{})
	go func() {
		defer close(done)
		for range due {
			seen.take()
		}
	}()
	every := max(p.total/looks, 1)
	c := crowd{shake: shake, dialers: p.dialers, total: p.total, ended: func(n uint64) {
		if n%every == 0 {
			select {
			case due <- struct{}{}:
			default: // the census is behind
			}
		}
	}}
	before := lockWait()
	handshakes, err := c.run(ctx)
	waited := lockWait() - before
	close(due)
	<-done
	if err != nil {
		return err
	}
	p.Notes = c.notes()
	p.Measures = append(seen.measures(),
		experiment.Measure{Name: "lock_wait", Unit: "s", Value: waited / float64(max(handshakes, 1)), Of: handshakes},
		experiment.Count("handshakes", "handshakes", handshakes, p.total))
	return nil
}

// lockWait is for how many seconds goroutines of this process have waited for locks so far.
func lockWait() float64 {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}
