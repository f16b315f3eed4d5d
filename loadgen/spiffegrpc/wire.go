package spiffegrpc

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// wire is one TCP connection; it counts the payload.
type wire struct {
	*net.TCPConn
	in, out atomic.Uint64
	closed  sync.Once
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.TCPConn.Read(b)
	w.in.Add(uint64(n))
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.TCPConn.Write(b)
	w.out.Add(uint64(n))
	return n, err
}

// lingering bounds the wait for the server's FIN.
const lingering = time.Second

// Close sends FIN and waits for the server's.
func (w *wire) Close() (err error) {
	w.closed.Do(func() {
		w.TCPConn.SetReadDeadline(time.Now().Add(lingering))
		w.TCPConn.CloseWrite() // an error can only mean that the server was faster
		io.Copy(io.Discard, w.TCPConn)
		err = w.TCPConn.Close()
	})
	return err
}

// abort resets the connection.
func (w *wire) abort() {
	w.closed.Do(func() {
		w.TCPConn.SetLinger(0)
		w.TCPConn.Close()
	})
}

// shown is what one connection has shown of itself beside grpc-go's own words, which are of no use to a ledger.
type shown struct {
	ended    chan struct{} // closed when err is set
	answered atomic.Bool   // the call has its reply or its refusal

	mu       sync.Mutex
	complete time.Duration // zero: the handshake is not complete
	err      error         // the first one of the handshake, or of reading after it
}

func newShown() *shown { return &shown{ended: make(chan struct{})} }

func (s *shown) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.ended)
	}
}

func (s *shown) read() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.complete, s.err
}

// watched are credentials that keep when a handshake was complete and why it failed.
type watched struct {
	credentials.TransportCredentials
	shown *shown
	now   func() time.Duration
}

func (w watched) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		w.shown.fail(err)
		return nil, nil, err
	}
	w.shown.mu.Lock()
	w.shown.complete = w.now()
	w.shown.mu.Unlock()
	return reading{secured, w.shown}, info, nil
}

func (w watched) Clone() credentials.TransportCredentials {
	return watched{w.TransportCredentials.Clone(), w.shown, w.now}
}

// reading keeps why reading ended: a server that refuses the client's certificate says so after the handshake.
type reading struct {
	net.Conn
	shown *shown
}

func (r reading) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	if err != nil {
		r.shown.fail(err)
	}
	return n, err
}

// Close lets reading come to its end where the call had no answer: writing may have failed first, while the server's
// reason is on its way.
func (r reading) Close() error {
	if !r.shown.answered.Load() {
		select {
		case <-r.shown.ended:
		case <-time.After(lingering):
		}
	}
	return r.Conn.Close()
}
