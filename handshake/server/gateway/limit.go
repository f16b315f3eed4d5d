package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// enter waits for a slot for the handshake of a context, which it keeps until [Gateway.leave]. Over QUIC it keeps the
// connection from all else meanwhile, its timeouts included.
func (g *Gateway) enter(ctx context.Context) error {
	if g.slots == nil {
		return nil
	}
	select {
	case g.slots <- struct{}{}:
		visitOf(ctx).seated.Store(true)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave gives the slot of a visit back, if it has one.
func (g *Gateway) leave(v *visit) {
	if v.seated.Swap(false) {
		<-g.slots
	}
}

// queued is a listener whose connections have their handshakes behind them, failed or not, so that each can give its
// slot back at once. A connection waits for its slot when its ClientHello has arrived: one that sends nothing keeps
// nobody waiting.
type queued struct {
	direct
	conns  chan net.Conn
	failed chan error
}

func newQueued(ctx context.Context, d direct) *queued {
	q := &queued{d, make(chan net.Conn), make(chan error, 1)}
	d.g.accepting.Go(func() {
		for {
			conn, err := q.direct.Accept()
			if err != nil {
				q.failed <- err
				return
			}
			go q.shake(ctx, conn.(*tls.Conn))
		}
	})
	return q
}

// shake carries out a handshake and hands the connection on, whatever came of it: net/http asks again, and is told.
func (q *queued) shake(ctx context.Context, conn *tls.Conn) {
	v := visited(conn)
	conn.SetDeadline(time.Now().Add(requestTimeout))
	err := conn.HandshakeContext(v.on(ctx))
	q.g.leave(v)
	select {
	case q.conns <- conn:
	case <-ctx.Done():
		conn.Close()
		q.g.end(v, conn.ConnectionState(), false, reasonOf(err))
	}
}

// Accept is the next connection whose handshake is over.
func (q *queued) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case err := <-q.failed:
		return nil, err
	}
}
