package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// Turns lets a loop share its time with that of another process: they work in turns, one slice each. Closed loops
// pass a baton. Open loops wait for nobody: each has its slices by the clock, from a common beginning.
type Turns struct {
	Slice time.Duration `json:"slice_ns"` // from the begin of a turn to when no worker begins another handshake, or none falls due
	First bool          `json:"first"`    // it has the first turn
}

// check says what is wrong with taking turns under the load; nil if it can be done.
func (t *Turns) check(l Load) error {
	switch {
	case t == nil:
		return nil
	case t.Slice <= 0:
		return fmt.Errorf("a slice of %v: want one above 0", t.Slice)
	case l.Loop == Closed && (l.Length == 0 || l.Handshakes != 0):
		return errors.New("a closed loop that takes turns has a length, and no number of handshakes")
	}
	return nil
}

// RunInTurns is [Run] for a closed loop with a length that works in turns with another one. Workers begin handshakes
// for one slice; once the last of these has ended, a byte written to baton ends the turn, and a byte read from it
// begins the next. Length and [Result.Wall] count the loop's own turns only, and the turn in which the length is
// reached is a whole one, the last.
//
// RunInTurns closes baton when it returns. A loop that so finds the other one gone has all further turns to itself,
// one after the other. Nothing but the end of ctx ends the wait for a baton that is neither passed nor closed; to end
// a read or a write under way, baton is closed then.
func RunInTurns(ctx context.Context, dialer Dialer, load Load, turns Turns, baton io.ReadWriteCloser) (Result, error) {
	defer baton.Close()
	if err := load.Check(); err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	if err := turns.check(load); err != nil {
		return Result{}, fmt.Errorf("turns: %w", err)
	}
	if load.Loop != Closed {
		return Result{}, errors.New("turns: only a closed loop passes a baton")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { baton.Close() })()
	s := newStretch(dialer, load.Workers, cancel)
	r := &rota{stretch: s, load: load, slice: turns.Slice, baton: baton, next: make(chan struct{})}
	if !turns.First {
		r.await()
	}
	r.begin()
	total := s.work(ctx, load.Workers, func(o *handshake.Observation) bool { return r.ask(ctx, o) })
	result, err := s.result(ctx, total, 0)
	result.Wall = r.wall
	return result, err
}

// rota is the turns of one stretch under way. Fields that are not atomic change only between turns, by the worker
// that came to rest last.
type rota struct {
	*stretch
	load        Load
	slice       time.Duration
	baton       io.ReadWriter
	asked       atomic.Uint64
	resting     atomic.Int64
	next        chan struct{} // closed when the turn after this one begins, or there is none
	began, ends time.Duration // of this turn: its begin, and when no handshake may begin any more
	wall        time.Duration // of all turns that are over
	alone       bool          // the other one is gone
	word        [1]byte
}

// ask says whether there is a handshake to begin, for which it may wait until the next turn.
func (r *rota) ask(ctx context.Context, o *handshake.Observation) bool {
	at := r.now()
	for ; at >= r.ends; at = r.now() {
		if !r.rest(ctx) {
			return false
		}
	}
	*o = handshake.Observation{Seq: r.asked.Add(1) - 1, Due: at, Began: at}
	return true
}

// rest keeps a worker until the next turn, and says whether there is one.
func (r *rota) rest(ctx context.Context) bool {
	next := r.next
	if r.resting.Add(1) == int64(r.load.Workers) {
		r.resting.Store(0)
		r.next = make(chan struct{})
		r.change()
		close(next)
	}
	select {
	case <-next:
		return r.wall < r.load.Length && ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// change ends the turn and, unless it was the last, returns when the next one has begun.
func (r *rota) change() {
	r.wall += r.now() - r.began
	if r.wall >= r.load.Length {
		return
	}
	r.pass()
	r.await()
	r.begin()
}

func (r *rota) begin() {
	r.began = r.now()
	r.ends = r.began + r.slice
}

// pass gives the baton to the other one.
func (r *rota) pass() {
	if r.alone {
		return
	}
	switch _, err := r.baton.Write(r.word[:]); {
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
		r.alone = true
	case err != nil:
		r.cancel(fmt.Errorf("pass the baton: %w", err))
	}
}

// await takes the baton from the other one.
func (r *rota) await() {
	if r.alone {
		return
	}
	switch _, err := io.ReadFull(r.baton, r.word[:]); {
	case err == io.EOF:
		r.alone = true
	case err != nil:
		r.cancel(fmt.Errorf("wait for the baton: %w", err))
	}
}
