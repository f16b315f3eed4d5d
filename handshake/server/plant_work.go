package server

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

// work is what a plant of work does. One that is counted has a Count of at most most; most is zero for one that has a
// Size.
type work struct {
	most int
	sow  func(p Plant, l *plants) (*growth, error)
}

// works are the plants of work, see [Plant].
var works = map[string]work{
	"burn":    {1 << 20, func(p Plant, _ *plants) (*growth, error) { return counted(p, compress), nil }},
	"alloc":   {1 << 20, func(p Plant, _ *plants) (*growth, error) { return counted(p, escape), nil }},
	"syscall": {1 << 20, readZeros},
	"bytes":   {1 << 15, staple},
	"lock":    {0, contend},
	"sleep":   {0, sleep},
}

func (w work) seed(p Plant, l *plants) (*growth, error) {
	switch {
	case p.Period != 0:
		return nil, fmt.Errorf("a period of %v: work has none", p.Period)
	case w.most == 0:
		if err := p.checkSize(); err != nil {
			return nil, err
		}
	case p.Size != 0:
		return nil, fmt.Errorf("a size of %v: it has a count", p.Size)
	case p.Count <= 0 || p.Count > w.most:
		return nil, fmt.Errorf("a count of %d: it must be positive and at most %d", p.Count, w.most)
	}
	return w.sow(p, l)
}

// counted is the growth of work that is counted: the ledger, which has times, does not have it.
func counted(p Plant, do func(count int)) *growth {
	return &growth{hello: func() time.Duration {
		do(p.Count)
		return 0
	}}
}

const (
	hashBlock   = sha256.BlockSize
	hashPadding = 9 // the least that SHA-256 adds: one byte and the length
)

// hashed is small, so that it stays in the nearest cache and pushes little else out.
var hashed [64 * hashBlock]byte

// compress does so many compressions of SHA-256, one for each 64 bytes.
func compress(count int) {
	for count > 0 {
		n := min(count, len(hashed)/hashBlock)
		_ = sha256.Sum256(message(n))
		count -= n
	}
}

// message is one that takes so many compressions, at most 64.
func message(compressions int) []byte { return hashed[:compressions*hashBlock-hashPadding] }

// escape allocates so many objects of 16 bytes on the heap, and lets go of them together.
func escape(count int) {
	type object struct {
		next *object
		_    uint64
	}
	var last *object
	for range count {
		last = &object{next: last}
	}
	runtime.KeepAlive(last)
}

// readZeros reads one byte so many times, each with a read(2) of its own.
func readZeros(p Plant, _ *plants) (*growth, error) {
	zero, err := os.Open("/dev/zero")
	if err != nil {
		return nil, err
	}
	g := counted(p, func(count int) {
		var one [1]byte
		for range count {
			_, _ = io.ReadFull(zero, one[:])
		}
	})
	g.stop = func() { zero.Close() }
	return g, nil
}

// staple serves the server's certificate with an OCSP response of so many bytes that means nothing. A Go client asks
// for one and does not read it.
func staple(p Plant, l *plants) (*growth, error) {
	forLife := l.serves
	forLife.OCSPStaple = make([]byte, p.Count)
	return &growth{serve: func(served *tls.Certificate) *tls.Certificate {
		if served == nil {
			return &forLife
		}
		stapled := *served
		stapled.OCSPStaple = forLife.OCSPStaple
		return &stapled
	}}, nil
}

// contend waits for locks whose holders are goroutines that are there already, so that waiting allocates nothing.
func contend(p Plant, _ *plants) (*growth, error) {
	h := &holders{gone: make(chan struct{})}
	g := exact(p, h.wait)
	g.stop = func() { close(h.gone) }
	return g, nil
}

// holders are goroutines that hold a lock each when they are asked to. There are as many as handshakes waited at once.
type holders struct {
	gone chan struct{} // closed: they are to end

	mu   sync.Mutex
	idle []*holder
}

type holder struct {
	lock  sync.Mutex
	asked chan time.Duration
	held  chan struct{}
}

// wait has a lock held for size, and returns how long it waited for it; zero where the holders have gone.
func (h *holders) wait(size time.Duration) (waited time.Duration) {
	began := time.Now()
	one := h.take()
	defer h.give(one)
	select {
	case one.asked <- size:
	case <-h.gone:
		return 0
	}
	<-one.held
	one.lock.Lock()
	defer one.lock.Unlock()
	return time.Since(began)
}

func (h *holders) take() *holder {
	h.mu.Lock()
	defer h.mu.Unlock()
	if last := len(h.idle) - 1; last >= 0 {
		one := h.idle[last]
		h.idle = h.idle[:last]
		return one
	}
	one := &holder{asked: make(chan time.Duration), held: make(chan struct{})}
	go one.hold(h.gone)
	return one
}

func (h *holders) give(one *holder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.idle = append(h.idle, one)
}

func (h *holder) hold(gone <-chan struct{}) {
	for {
		select {
		case <-gone:
			return
		case size := <-h.asked:
			h.lock.Lock()
			h.held <- struct{}{}
			time.Sleep(size)
			h.lock.Unlock()
		}
	}
}

// sleep waits for timers that are there already, so that waiting allocates nothing, which time.Sleep does in each new
// goroutine.
func sleep(p Plant, _ *plants) (*growth, error) {
	timers := sync.Pool{New: func() any { return time.NewTimer(time.Hour) }}
	return exact(p, func(size time.Duration) time.Duration {
		began := time.Now()
		timer := timers.Get().(*time.Timer)
		defer timers.Put(timer)
		timer.Reset(size)
		<-timer.C
		return time.Since(began)
	}), nil
}
