package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// others serves HTTP/1.1 on connections that negotiated a protocol which net/http does not know.
type others struct {
	*http.Server
	conns  chan net.Conn
	addr   net.Addr
	closed chan struct{}
	done   chan struct{}
}

func newOthers(g *Gateway) *others {
	o := &others{g.http(), make(chan net.Conn), g.TCP.Addr(), make(chan struct{}), make(chan struct{})}
	o.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return visited(c.(*other).Conn).on(ctx) }
	go func() {
		defer close(o.done)
		o.Serve(o)
	}()
	return o
}

// each is the TLSNextProto of a server for those of its protocols that net/http does not know.
func (o *others) each(protocols []string) map[string]func(*http.Server, *tls.Conn, http.Handler) {
	serve := map[string]func(*http.Server, *tls.Conn, http.Handler){}
	for _, p := range protocols {
		if p != "h2" && p != "http/1.1" {
			serve[p] = func(_ *http.Server, conn *tls.Conn, _ http.Handler) { o.serve(conn) }
		}
	}
	return serve
}

// serve returns when the connection is closed.
func (o *others) serve(conn *tls.Conn) {
	c := &other{Conn: conn, closed: make(chan struct{})}
	select {
	case o.conns <- c:
		<-c.closed
	case <-o.closed:
	}
}

func (o *others) end() {
	end(o.Server)
	<-o.done
}

// Accept is the next connection of [others.serve].
func (o *others) Accept() (net.Conn, error) {
	select {
	case c := <-o.conns:
		return c, nil
	case <-o.closed:
		return nil, net.ErrClosed
	}
}

// Close is called by the server once.
func (o *others) Close() error {
	close(o.closed)
	return nil
}

func (o *others) Addr() net.Addr { return o.addr }

// other hides a *tls.Conn from net/http, which would act on its protocol.
type other struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

// ConnectionState makes net/http set Request.TLS.
func (o *other) ConnectionState() tls.ConnectionState { return o.Conn.(*tls.Conn).ConnectionState() }

// Close closes the connection and lets the server that handed it on know.
func (o *other) Close() error {
	err := o.Conn.Close()
	o.once.Do(func() { close(o.closed) })
	return err
}
