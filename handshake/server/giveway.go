package server

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// giver plants waiting for a thread.
type giver struct{ turn sync.Mutex }

// giveWay leaves the program with one P, starts a goroutine that spins on it for size, and gives way to that. What
// counts is the time between giving way and going on.
//
// To occupy every P instead would take as long as the system needs to start a thread for each of them, and this
// goroutine would have to spin meanwhile.
func (g *giver) giveWay(size time.Duration) (waited time.Duration) {
	for !g.turn.TryLock() { // the one before puts the other Ps back, or is another handshake's
		waited += yield()
	}
	all := runtime.GOMAXPROCS(1)
	var over atomic.Bool
	go func() {
		defer g.turn.Unlock()
		spin(size)
		over.Store(true)
		runtime.GOMAXPROCS(all)
	}()
	for !over.Load() {
		waited += yield()
	}
	return waited
}

// yield gives way once and returns how long that took.
func yield() time.Duration {
	began := time.Now()
	runtime.Gosched()
	return time.Since(began)
}

// spin looks at the clock until the time is over, which needs no system call.
func spin(size time.Duration) {
	for began := time.Now(); time.Since(began) < size; {
	}
}
