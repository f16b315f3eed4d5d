package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// mostFailures is how many children in a row may end without having served before the supervisor gives up.
const mostFailures = 100

// ErrGivenUp is the error of a supervisor whose children do not serve.
var ErrGivenUp = errors.New("gave up")

// Supervisor keeps a server running in a child process, which it replaces whenever it ends by itself. It owns the
// listeners, so the addresses stay, and a client that connects meanwhile waits for the next child.
type Supervisor struct {
	Settings Settings
	Child    []string // the program and arguments with which this program calls [Inherited]
	Hook     string   // shell command that is told of every end of a child; empty: none
}

// Run serves until ctx ends; then the child has ended and the error is nil. It writes the [Hello] of the first child
// that serves to out, and what people should know to errs, where the children and hooks write at the same time. Files that cannot be read at the beginning are an error,
// unless the strategy has a state; later they are waited for, but [ErrGivenUp] is wrapped by the error where 100 children
// in a row could not serve.
func (s Supervisor) Run(ctx context.Context, out, errs io.Writer) error {
	boot, err := s.boot()
	if err != nil {
		return err
	}
	open, err := s.Settings.listen()
	if err != nil {
		return err
	}
	defer open.close()
	w := watch{Supervisor: s, sockets: open, boot: boot, out: out, errs: errs}
	defer w.hooks.Wait()
	runtime.LockOSThread() // Linux kills the child when the thread that started it ends: golang/go#27505
	defer runtime.UnlockOSThread()
	return w.run(ctx)
}

// boot reads the files, and keeps them in memory for a strategy that wants them so.
func (s Supervisor) boot() (*reload.Pair, error) {
	r := s.Settings.Reload
	pair, err := r.Files.Load()
	if err != nil && r.State == "" {
		return nil, err
	}
	if r.Strategy != reload.CommandBoot && r.Strategy != reload.CommandUnchecked {
		return nil, nil
	}
	return &pair, nil
}

// watch is a supervisor at work.
type watch struct {
	Supervisor
	sockets   sockets
	boot      *reload.Pair
	out, errs io.Writer
	greeted   bool // a child's hello has been passed on
	patience  patience
	hooks     sync.WaitGroup
}

func (w *watch) run(ctx context.Context) error {
	var p past
	for {
		began := time.Now()
		end, err := w.child(ctx, p)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		fmt.Fprintf(w.errs, "tlslab-server: the child has ended: %s\n", end.how)
		p = past{Restarts: p.Restarts + 1, LastExit: end.how, Boot: w.boot}
		w.tell(p, end.last.Generation)
		pause, err := w.patience.after(time.Since(began), end.last.PID != 0)
		if err != nil {
			return fmt.Errorf("%w: %s", err, end.how)
		}
		wait(ctx, pause)
	}
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// listen passes on the first hello of all children, and returns the last one of this child: it says hello again with
// every generation.
func (w *watch) listen(child io.Reader) (last Hello) {
	for lines := json.NewDecoder(child); ; {
		var h Hello
		if lines.Decode(&h) != nil {
			return last
		}
		last = h
		if !w.greeted {
			w.greeted = true
			_ = json.NewEncoder(w.out).Encode(h) // whoever started this is gone, or listens
		}
	}
}

// patience decides how long a child that ended stays away.
type patience struct {
	quick  int // children in a row that lived for less than a second
	failed int // children in a row that did not serve
}

const (
	shortestPause = 10 * time.Millisecond
	servedPause   = 50 * time.Millisecond // longest one after a child that had served
	longestPause  = time.Second
)

// after is how long to wait: not at all after a long life, nor after the first short one; then ever longer.
func (p *patience) after(life time.Duration, served bool) (time.Duration, error) {
	longest := servedPause
	if p.failed++; served {
		p.failed = 0
	} else {
		longest = longestPause
	}
	if p.failed > mostFailures {
		return 0, fmt.Errorf("%w: %d children in a row did not serve", ErrGivenUp, p.failed)
	}
	if p.quick++; life >= time.Second {
		p.quick = 0
	}
	if p.quick <= 1 {
		return 0, nil
	}
	return min(longest, shortestPause<<min(p.quick-2, 10)), nil
}
