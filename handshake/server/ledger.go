package server

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

const (
	sampleEvery = 25 * time.Millisecond
	maxSamples  = 1024 // then every second one is dropped and the interval doubles
	settle      = 2 * time.Millisecond
	drain       = 2 * handshakeTimeout
)

// Ledger counts one stretch at a time.
type Ledger struct {
	mu       sync.Mutex
	open     int                          // connections
	books    handshake.ServerLedger       // but for Shape, which is made of the outcomes
	outcomes map[handshake.Outcome]uint64 // of the completed ones
	noted    map[string]uint64

	running bool
	began   time.Time
	cpu     handshake.CPU
	gauges  gauges
	samples []Sample
	stop    func() // ends the sampling
}

// NewLedger is a ledger with empty books.
func NewLedger() *Ledger {
	return &Ledger{outcomes: map[handshake.Outcome]uint64{}, noted: map[string]uint64{}}
}

// Accept counts a connection that came.
func (l *Ledger) Accept() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	l.books.Accepted++
}

// Complete counts the end of a connection whose handshake was confirmed.
func (l *Ledger) Complete(o handshake.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	l.books.Completed++
	l.outcomes[o]++
}

// Reject counts the end of a connection whose handshake failed. Reasons should be few: see [Reason].
func (l *Ledger) Reject(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if _, known := l.books.Reasons[reason]; !known && len(l.books.Reasons) >= maxReasons {
		reason = otherReasons
	}
	l.books.Reject(reason)
}

// Note counts something that the app did, such as a decision. Names should be few.
func (l *Ledger) Note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.noted[what]; !known && len(l.noted) >= maxReasons {
		what = otherReasons
	}
	l.noted[what]++
}

// quiet waits until no connection is open and none has been accepted for a settling time.
func (l *Ledger) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	ticker := time.NewTicker(settle)
	defer ticker.Stop()
	for last := ^uint64(0); ; {
		l.mu.Lock()
		open, accepted := l.open, l.books.Accepted
		l.mu.Unlock()
		if open == 0 && accepted == last {
			return nil
		}
		last = accepted
		select {
		case <-ctx.Done():
			return errors.New("connections are still open")
		case <-ticker.C:
		}
	}
}

// begin starts a stretch with empty books.
func (l *Ledger) begin(ctx context.Context) error {
	if l.running {
		return errors.New("the stretch has begun already")
	}
	if err := l.quiet(ctx); err != nil {
		return err
	}
	l.samples = make([]Sample, 0, maxSamples) // before the gauges: no handshake asked for it
	l.gauges = readGauges()
	l.mu.Lock()
	l.books = handshake.ServerLedger{}
	clear(l.outcomes)
	clear(l.noted)
	l.mu.Unlock()
	l.running, l.began, l.cpu = true, time.Now(), handshake.ReadCPU()
	l.sample(ctx)
	return nil
}

// sample records the state every now and then until l.stop is called.
func (l *Ledger) sample(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		every := sampleEvery
		timer := time.NewTimer(every)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			l.samples = append(l.samples, l.now())
			if len(l.samples) == maxSamples {
				l.samples = thin(l.samples)
				every *= 2
			}
			timer.Reset(every)
		}
	}()
}

func (l *Ledger) now() Sample {
	l.mu.Lock()
	completed := l.books.Completed
	l.mu.Unlock()
	cycles := readGCCycles() - l.gauges.metrics[gcCycles].Uint64()
	return Sample{time.Since(l.began), completed, handshake.ReadCPU().Sub(l.cpu).Total(), cycles}
}

// thin keeps every second sample.
func thin(samples []Sample) []Sample {
	kept := samples[:0]
	for i := 1; i < len(samples); i += 2 {
		kept = append(kept, samples[i])
	}
	return kept
}

// end closes the stretch and reports it. A connection that stays open is an error: the books would not close.
func (l *Ledger) end(ctx context.Context) (*Report, error) {
	if !l.running {
		return nil, errors.New("no stretch has begun")
	}
	l.running = false
	l.stop()
	if err := l.quiet(ctx); err != nil {
		return nil, err
	}
	report := &Report{Wall: time.Since(l.began), CPU: handshake.ReadCPU().Sub(l.cpu), Samples: l.samples}
	report.Runtime = readGauges().since(l.gauges)
	report.Ledger = l.read()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.noted) > 0 {
		report.Noted = maps.Clone(l.noted)
	}
	return report, nil
}

// read copies the books as they are.
func (l *Ledger) read() handshake.ServerLedger {
	l.mu.Lock()
	defer l.mu.Unlock()
	books := l.books
	books.Reasons = maps.Clone(l.books.Reasons) // a connection that comes now writes to the other one
	for o, n := range l.outcomes {
		books.Shape.Count(o, n)
	}
	return books
}
