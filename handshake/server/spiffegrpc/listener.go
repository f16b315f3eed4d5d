package spiffegrpc

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

// book says what the ledger counts.
type book struct {
	*server.Ledger
	live bool // calls, not connections
}

// listener counts the connections that come.
type listener struct {
	net.Listener
	ctx  context.Context
	book book
}

func (l *listener) Accept() (net.Conn, error) {
	raw, err := server.Accept(l.ctx, l.Listener)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, net.ErrClosed
	}
	if !l.book.live {
		l.book.Accept()
	}
	return &conn{Conn: raw, book: l.book}, nil
}

// conn is one TCP connection, with what its handshake and its calls have come to.
type conn struct {
	net.Conn
	book book

	caller  caller            // since the handshake
	outcome handshake.Outcome // since the handshake

	waiting   atomic.Pointer[func()] // ends what waits for the caller's expiry; nil: nothing does
	confirmed atomic.Bool            // a call was allowed and answered
	refused   atomic.Pointer[string]
	settled   sync.Once
}

// refuse keeps why the handshake failed or a call was refused: the first reason counts.
func (c *conn) refuse(why string) { c.refused.CompareAndSwap(nil, &why) }

// Close closes the connection and its entry in the books.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.settled.Do(c.settle)
	return err
}

func (c *conn) settle() {
	if end := c.waiting.Load(); end != nil {
		(*end)()
	}
	switch why := c.refused.Load(); {
	case c.book.live:
	case c.confirmed.Load():
		c.book.Complete(c.outcome)
	case why != nil:
		c.book.Reject(*why)
	default:
		c.book.Reject("no call")
	}
}
