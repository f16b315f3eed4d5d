package lab

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

// writer changes a server's certificate files while its load lasts.
type writer struct {
	changes iter.Seq2[change, error]
	by      rotation.Method
	tell    *variant.Process // that is told to reload after each change; nil: it looks by itself
	clock   handshake.Clock
	written []results.Rotation
}

// writer is that of a block; nil: nothing changes.
func (p *process) writer(v scenarios.Variant, job loadgen.Job) (*writer, error) {
	changes, err := p.files.changes(v, job)
	if changes == nil || err != nil {
		return nil, err
	}
	w := &writer{changes: changes, by: p.files.place.Method, clock: handshake.NewClock()}
	if strings.HasPrefix(v.Server.Reload.Strategy, "command-") {
		w.tell = p.Process
	}
	return w, nil
}

// begin begins to write. The end of it waits for the change that is under way, and returns all that were made. A change
// that fails ends the load with fail.
func (w *writer) begin(ctx context.Context, fail func(error)) (end func() []results.Rotation) {
	if w == nil {
		return func() []results.Rotation { return nil }
	}
	loading, over := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.write(ctx, loading); err != nil {
			fail(fmt.Errorf("change the certificates: %w", err))
		}
	}()
	return func() []results.Rotation {
		over()
		<-done
		return w.written
	}
}

// write makes one change after the other until the load is over.
func (w *writer) write(ctx, loading context.Context) error {
	began, free := time.Now(), time.Duration(0)
	for c, err := range w.changes {
		if err != nil {
			return err
		}
		if !pause(loading, time.Until(began.Add(max(c.at, free)))) {
			return nil
		}
		if err := w.change(ctx, c); err != nil {
			return err
		}
		free = time.Since(began) + c.hold
	}
	return nil
}

// pause waits, and says whether the context goes on.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// change takes the steps. A server that refuses to reload lives on: its own books have what it refused.
func (w *writer) change(ctx context.Context, c change) error {
	began := w.clock.Now()
	at, err := rotation.Take(c.steps)
	if err != nil {
		return fmt.Errorf("generation %d: %w", c.generation, err)
	}
	w.record(results.Rotation{Generation: c.generation, By: w.by, Began: began, At: w.clock.When(at), Want: c.want})
	if w.tell == nil {
		return nil
	}
	if err := w.tell.Reload(ctx); err != nil && !alive(w.tell) {
		return err
	}
	return nil
}

// record counts the moves that put one generation in place as one rotation.
func (w *writer) record(r results.Rotation) {
	if last := len(w.written) - 1; last >= 0 && w.written[last].Generation == r.Generation {
		w.written[last].At, w.written[last].Want = r.At, r.Want
		return
	}
	w.written = append(w.written, r)
}
