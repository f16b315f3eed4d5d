package spiffe

import (
	"math/rand/v2"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// Backoff is how a client comes back to an agent that it has lost: after First, then after twice as long each time, up
// to Most. Each wait is moved by up to the share Jitter of it.
//
// The connection beneath is tried again every First. By gRPC's own rule it waits for 1 s, growing to 2 min, and a call
// that comes while it waits has failed already: two rules that both grow would miss each other.
type Backoff struct {
	First, Most time.Duration
	Jitter      float64
}

// Reference is the lab's own back-off: 100 ms, doubled up to 500 ms, each moved by a fifth at most. An agent is on the same
// machine: asking it twice a second costs less than an identity that is not renewed.
func Reference() *Backoff { return &Backoff{100 * time.Millisecond, 500 * time.Millisecond, 0.2} }

// NewBackoff makes it a [workloadapi.BackoffStrategy].
func (b *Backoff) NewBackoff() workloadapi.Backoff { return &waits{rule: *b, next: b.First} }

func (b *Backoff) options() []workloadapi.ClientOption {
	if b == nil {
		return nil
	}
	connect := grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: b.First, Multiplier: 1, Jitter: b.Jitter, MaxDelay: b.First},
		MinConnectTimeout: time.Second,
	}
	return []workloadapi.ClientOption{
		workloadapi.WithBackoffStrategy(b),
		workloadapi.WithDialOptions(grpc.WithConnectParams(connect)),
	}
}

// waits is one client's way through a back-off; go-spiffe calls it from one goroutine.
type waits struct {
	rule Backoff
	next time.Duration
}

func (w *waits) Next() time.Duration {
	wait := min(w.next, w.rule.Most)
	w.next = min(2*wait, w.rule.Most)
	return time.Duration(float64(wait) * (1 + w.rule.Jitter*(2*rand.Float64()-1)))
}

func (w *waits) Reset() { w.next = w.rule.First }
