package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

const (
	crowdTotal = 6144 // handshakes of an arm
	looks      = 24   // at its goroutines
	heldFor    = time.Millisecond
)

func blocked() experiment.Experiment {
	return experiment.Experiment{
		Name:  "blocked",
		Title: "where handshakes wait for a lock",
		Doc: "64 and 1,024 dialers in a closed loop against a server of TLS alone. Time spent waiting for locks is the " +
			"runtime's own account for the whole process, clients and server; 24 times the stacks of all goroutines " +
			"that take part are looked at, and those that wait for a mutex are counted.",
		Takes: 25 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runBlocked(ctx, b, []int{64, 1024}, crowdTotal)
		},
	}
}

// runBlocked makes an arm for each number of dialers, and one in which a lock is known to be waited for.
func runBlocked(ctx context.Context, b experiment.Bench, dialers []int, total uint64) (arms []experiment.Arm, err error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	one := experiment.Arm{
		Name: "one-lock", Role: experiment.Control,
		Doc: fmt.Sprintf("%d dialers, and every handshake holds the same lock for %v while it chooses the certificate", dialers[0], heldFor),
	}
	if err := block(ctx, &one, m, oneLock(m), dialers[0], total/4); err != nil {
		return nil, err
	}
	for _, n := range dialers {
		b.Speak(fmt.Sprintf("blocked: %d dialers", n))
		arm := experiment.Arm{
			Name: strconv.Itoa(n), Role: experiment.Reference, Doc: fmt.Sprintf("%d dialers, the certificate behind an atomic pointer", n),
		}
		if err := block(ctx, &arm, m, m.server(), n, total); err != nil {
			return nil, err
		}
		arms = append(arms, arm)
	}
	return append(arms, one), nil
}

// oneLock is a server's config that chooses the certificate under a lock that it holds for long.
func oneLock(m *memory) *tls.Config {
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

// block carries out an arm.
func block(ctx context.Context, arm *experiment.Arm, m *memory, config *tls.Config, dialers int, total uint64) error {
	p, err := servePlain(config)
	if err != nil {
		return err
	}
	defer p.stop()
	seen, due, done := census{}, make(chan struct{}, looks), make(chan struct{})
	go func() {
		defer close(done)
		for range due {
			seen.take()
		}
	}()
	c := crowd{address: p.address, config: m.client(), dialers: dialers, total: total, at: func(n uint64) {
		if n > uint64(dialers) && n%max(total/looks, 1) == 0 {
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
	arm.Notes = c.notes()
	arm.Measures = append(seen.measures(),
		experiment.Measure{Name: "lock_wait", Unit: "s", Value: waited / float64(max(handshakes, 1)), Of: handshakes},
		experiment.Count("handshakes", "handshakes", handshakes, total))
	return nil
}

// lockWait is for how many seconds goroutines of this process have waited for a mutex so far.
func lockWait() float64 {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}
