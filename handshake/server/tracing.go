package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/trace"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// maxTrace bounds an execution trace: at about 500 bytes a handshake, some hundred thousand of them.
const maxTrace = 64 << 20

// tracing is one execution trace. It tells its own story: a mark at each edge holds the instant on the kernel's
// clock, what edge it is (begin, end, or cut where the trace grew too large), and the kernel's books of the process.
type tracing struct {
	clock handshake.Clock
	data  bounded
	cut   bool
	once  sync.Once
	done  chan struct{}
}

// startTracing starts a trace that ends by itself once it is larger than limit.
func startTracing(c handshake.Clock, limit int) (*tracing, error) {
	if limit <= 0 || limit > maxTrace {
		limit = maxTrace
	}
	t := &tracing{clock: c, data: bounded{limit: limit, full: make(chan struct{}, 1)}, done: make(chan struct{})}
	if err := trace.Start(&t.data); err != nil {
		return nil, err
	}
	t.mark("begin")
	go t.guard()
	return t, nil
}

func (t *tracing) mark(edge string) {
	cpu, delay := schedstat()
	mark(stretchMark, fmt.Sprintf("%s %d %d %d", edge, t.clock.Now(), cpu, delay))
}

// guard ends the trace when its buffer is full.
func (t *tracing) guard() {
	select {
	case <-t.data.full:
		t.end("cut")
	case <-t.done:
	}
}

func (t *tracing) end(edge string) {
	t.once.Do(func() {
		t.cut = edge == "cut"
		t.mark(edge)
		trace.Stop()
		close(t.done)
	})
}

// stop ends the trace and returns it.
func (t *tracing) stop() (*Trace, error) {
	t.end("end")
	if t.data.lost {
		return nil, errors.New("the execution trace outgrew its buffer before it could be ended: hint: trace a shorter stretch")
	}
	return &Trace{Data: t.data.bytes, Cut: t.cut}, nil
}

// bounded keeps what is written to it: it says when it is full, and has as much room again for what comes until the
// trace has ended.
type bounded struct {
	bytes []byte
	limit int
	full  chan struct{}
	lost  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.bytes)+len(p) > 2*b.limit+(1<<20) {
		b.lost = true
		return len(p), nil
	}
	b.bytes = append(b.bytes, p...)
	if len(b.bytes) > b.limit {
		select {
		case b.full <- struct{}{}:
		default:
		}
	}
	return len(p), nil
}

// schedstat is what Linux counted for the threads of this process: time on a CPU, and time in a run queue. Both are
// -1 where there is no such book. A thread that ends takes its share along; Go's threads seldom end.
func schedstat() (cpu, delay time.Duration) {
	files, _ := filepath.Glob("/proc/self/task/*/schedstat")
	if len(files) == 0 {
		return -1, -1
	}
	for _, name := range files {
		var on, off time.Duration
		text, err := os.ReadFile(name)
		if err != nil {
			continue // this thread has just ended
		}
		if _, err := fmt.Sscan(string(text), &on, &off); err != nil {
			return -1, -1
		}
		cpu, delay = cpu+on, delay+off
	}
	return cpu, delay
}
