package server

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// episodes calls do once in a period, on average, until it is stopped. Its pauses are by chance: what comes by the
// clock cannot be told from anything else that comes by the clock.
func episodes(ctx context.Context, p Plant, do func()) (stop func(), err error) {
	if p.Period < 2*p.Size {
		return nil, fmt.Errorf("%v in every %v: the period must be at least twice the size", p.Size, p.Period)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(p.Period/2 + rand.N(p.Period)):
				do()
			}
		}
	}()
	return func() { cancel(); <-done }, nil
}

// lockEpisodes makes a goroutine hold a lock, which GetCertificate takes, now and then. The ledger has the handshakes
// that waited for it.
func lockEpisodes(ctx context.Context, p Plant, _ *plants) (*growth, error) {
	var lock sync.Mutex
	stop, err := episodes(ctx, p, func() {
		lock.Lock()
		time.Sleep(p.Size)
		lock.Unlock()
	})
	if err != nil {
		return nil, err
	}
	return &growth{stop: stop, choice: func() (waited time.Duration) {
		if !lock.TryLock() {
			began := time.Now()
			lock.Lock()
			waited = time.Since(began)
		}
		lock.Unlock()
		return waited
	}}, nil
}

// collectionEpisodes allocates and collects for a while now and then. The ledger has the episodes, of no handshake.
func collectionEpisodes(ctx context.Context, p Plant, l *plants) (*growth, error) {
	stop, err := episodes(ctx, p, func() {
		at, began := l.clock.Now(), time.Now()
		for time.Since(began) < p.Size {
			allocate()
			runtime.GC()
		}
		l.record(Planted{At: at, Size: time.Since(began)})
	})
	return &growth{stop: stop}, err
}

// allocate makes a tree of small objects for the collector to walk.
func allocate() {
	type node struct{ next [4]*node }
	live := make([]*node, 0, 1<<17)
	for i := range cap(live) {
		n := &node{}
		if i > 0 {
			n.next[i%4] = live[i/2]
		}
		live = append(live, n)
	}
	runtime.KeepAlive(live)
}
