package loadgen

import (
	"net"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// Delay makes the client wait between its connection and its ClientHello in every Every-th handshake: a known time
// for which a server waits for the network, to see whether an observer finds it.
type Delay struct {
	Size  time.Duration `json:"size_ns"`
	Every uint64        `json:"every"`
}

// Delayed is one handshake that waited.
type Delayed struct {
	Port uint16        `json:"port"`    // of the client
	Size time.Duration `json:"size_ns"` // as it came out
}

// delays carries out a [Delay] and remembers.
type delays struct {
	Delay
	mu   sync.Mutex
	done []Delayed
}

// wait lasts a bounded time, at most the timeout of a handshake: see [NewStock].
func (d *delays) wait(tcp *net.TCPConn, o *handshake.Observation) {
	if d == nil || o.Seq%max(d.Every, 1) != 0 {
		return
	}
	began := time.Now()
	time.Sleep(d.Size)
	one := Delayed{uint16(tcp.LocalAddr().(*net.TCPAddr).Port), time.Since(began)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, one)
}

// harvest is what came of the delays since the last harvest.
func (d *delays) harvest() []Delayed {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	done := d.done
	d.done = nil
	return done
}
