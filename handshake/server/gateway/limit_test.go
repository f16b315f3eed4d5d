package gateway

import (
	"crypto/tls"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server"
)

// With a limit all handshakes come to their end, and the ledgers agree, for clients that are rejected, too.
func TestLimitedHandshakes(t *testing.T) {
	const n = 40
	for _, protocol := range []string{"http/1.1", "h2", "h3"} {
		for _, rejected := range []bool{false, true} {
			c := start(t, func(s *server.Settings, _ *pki.Authority) {
				s.Gateway, s.Mutual = &server.Gateway{Handshakes: 1}, rejected
			})
			r, l := c.drive(c.job(handshake.Full, protocol, n))
			if diffs := handshake.Reconcile(r.Ledger, l); diffs != nil {
				t.Errorf("%s, rejected %t: the ledgers differ: %q", protocol, rejected, diffs)
			}
			if want := map[bool]uint64{false: n, true: 0}[rejected]; r.Ledger.Confirmed != want {
				t.Errorf("%s, rejected %t: got %+v, want %d confirmed", protocol, rejected, r.Ledger, want)
			}
		}
	}
}

// No more handshakes are under way at once than the limit allows: those that hold a slot are counted where a
// certificate is chosen, and one that sends no ClientHello holds none.
func TestLimitHolds(t *testing.T) {
	const limit, clients = 2, 12
	c := &child{t: t, authority: authority(t)}
	config, sockets := c.serverConfig("http/1.1"), c.listen()
	silent, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var under atomic.Int64
	var over atomic.Bool
	gate := make(chan struct{})
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if under.Add(1) > limit {
			over.Store(true)
		}
		<-gate
		under.Add(-1)
		return nil, nil
	}
	serveFor(t, sockets, config, Settings{Gateway: server.Gateway{Handshakes: limit}})
	served := make(chan error, clients)
	for range clients {
		go func() {
			conn, err := tls.Dial("tcp", c.address, c.config("http/1.1"))
			if err == nil {
				conn.Close()
			}
			served <- err
		}()
	}
	for range clients {
		gate <- struct{}{}
	}
	for range clients {
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
	if over.Load() {
		t.Errorf("more than %d handshakes at once", limit)
	}
}

// After many connections nothing is left of them while the gateway serves, and nothing of the gateway after it.
func TestNothingIsLeft(t *testing.T) {
	const n = 200
	before := runtime.NumGoroutine()
	t.Run("gateway", func(t *testing.T) {
		c := start(t, nil)
		protocols := []string{"http/1.1", "h2", "h3"}
		for _, protocol := range protocols {
			c.drive(c.job(handshake.Full, protocol, 8)) // makes whatever is made once
		}
		goroutines, files := runtime.NumGoroutine(), descriptors(t)
		for _, protocol := range protocols {
			if r, l := c.drive(c.job(handshake.Full, protocol, n)); r.Ledger.Confirmed != n || l.Completed != n {
				t.Errorf("%s: %+v, %+v", protocol, r.Ledger, l)
			}
			settles(t, protocol+": goroutines", runtime.NumGoroutine, goroutines)
			settles(t, protocol+": descriptors", func() int { return descriptors(t) }, files)
		}
	})
	settles(t, "goroutines of the gateway", runtime.NumGoroutine, before)
}

// settles waits until a number is at most what it was before; what ends does so soon, but not at once.
func settles(t *testing.T, what string, read func() int, before int) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range 1000 {
		if read() <= before {
			return
		}
		<-ticker.C
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%s: %d, before %d\n%s", what, read(), before, stacks[:runtime.Stack(stacks, true)])
}

// descriptors is how many files this process has open; zero where the system does not say.
func descriptors(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}
