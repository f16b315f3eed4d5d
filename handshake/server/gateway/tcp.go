package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
)

const (
	requestTimeout = 15 * time.Second // for a handshake, and for a request after it
	idleTimeout    = time.Minute
)

// serveTCP serves HTTP/1.1 and HTTP/2 until ctx ends.
func (g *Gateway) serveTCP(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	others := newOthers(g)
	h := g.http()
	h.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return visited(c).on(ctx) }
	h.ConnState = g.changed
	h.TLSNextProto = g.NextProto
	if h.TLSNextProto == nil {
		h.Protocols = new(http.Protocols) // without which a map of one's own disables HTTP/2
		h.Protocols.SetHTTP1(true)
		h.Protocols.SetHTTP2(true)
		h.TLSNextProto = others.each(*g.order.Load())
	}
	ended := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(ended)
		end(h)
		others.end()
	})
	err := h.Serve(g.entrance(ctx))
	if ctx.Err() != nil {
		err = nil
	}
	cancel()
	<-ended
	g.accepting.Wait()
	if err != nil {
		return fmt.Errorf("serve TCP: %w", err)
	}
	return nil
}

// http is a server without connections.
func (g *Gateway) http() *http.Server {
	return &http.Server{
		Handler:           g.answers(),
		ReadHeaderTimeout: requestTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0), // the ledger has the reasons
	}
}

// end lets requests under way come to their end, for a while.
func end(h *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if h.Shutdown(ctx) != nil {
		h.Close()
	}
}

// visited is the visit of a connection that an entrance let in.
func visited(c net.Conn) *visit { return c.(*tls.Conn).NetConn().(*visit) }

// changed follows a connection of net/http.
func (g *Gateway) changed(c net.Conn, state http.ConnState) {
	conn := c.(*tls.Conn)
	switch state {
	case http.StateActive:
		server.EnterConfirmation(conn.ConnectionState().DidResume)
	case http.StateClosed:
		err := conn.Handshake() // what became of it: it is not carried out again
		g.end(visited(c), conn.ConnectionState(), false, reasonOf(err))
	}
}

// entrance is the listener that net/http accepts from: connections on which it has the handshake still before it, or,
// where the number of handshakes at once is limited, behind it.
func (g *Gateway) entrance(ctx context.Context) net.Listener {
	open := direct{g.TCP, g, ctx}
	if g.slots == nil {
		return open
	}
	return newQueued(ctx, open)
}

// direct lets every connection in at once.
type direct struct {
	net.Listener
	g   *Gateway
	ctx context.Context
}

func (d direct) Accept() (net.Conn, error) {
	raw, err := server.Accept(d.ctx, d.Listener)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, net.ErrClosed
	}
	d.g.begin()
	return tls.Server(&visit{Conn: raw}, d.g.config), nil
}
