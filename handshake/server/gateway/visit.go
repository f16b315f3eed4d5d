package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

// visit is one connection, or one attempt at a QUIC connection, from its acceptance to its end.
type visit struct {
	net.Conn                                  // TCP; nil over QUIC
	quic     atomic.Pointer[quic.Conn]        // nil over TCP, and before the server's flight is sent
	leaf     atomic.Pointer[x509.Certificate] // what the handshake was served with; nil: nobody chose
	answered atomic.Bool
	seated   atomic.Bool // it holds a slot
}

// visitKey is where a context carries its visit: net/http, crypto/tls and quic-go hand nothing else from a connection
// on to its callbacks and requests.
type visitKey struct{}

func (v *visit) on(ctx context.Context) context.Context { return context.WithValue(ctx, visitKey{}, v) }

// visitOf is the visit of a connection's context; nil: it has none.
func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// begin counts a connection that came.
func (g *Gateway) begin() {
	g.visits.Add(1)
	if g.Ledger != nil {
		g.Ledger.Accept()
	}
}

// end counts how a connection went; why is the error of its handshake, or of a QUIC connection its end.
func (g *Gateway) end(v *visit, state tls.ConnectionState, early bool, why string) {
	defer g.visits.Done()
	g.leave(v)
	if g.Ledger == nil {
		return
	}
	if !state.HandshakeComplete || !v.answered.Load() {
		g.Ledger.Reject(why)
		return
	}
	outcome := handshake.ServerOutcome(state, g.Leaf)
	outcome.Early = early
	g.Ledger.Complete(outcome)
}

// unanswered is the reason of a rejection after a complete handshake.
const unanswered = "no request"

func reasonOf(err error) string {
	if err == nil {
		return unanswered
	}
	return server.Reason(err)
}
