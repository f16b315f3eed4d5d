package spiffegrpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// guard decides on every call.
type guard struct {
	own     spiffeid.ID
	book    book
	checks  []Policy       // in this order; the first that refuses decides
	told    []func(Record) // of each decision
	expiry  bool           // connections end with their callers' identities
	breaker *breaker       // nil: none
	tracing *tracing       // nil: none
	numbers atomic.Uint64  // of decisions
	closers []func()
}

// newGuard is what the options ask for; own is the server's ID.
func newGuard(ctx context.Context, o Options, own spiffeid.ID) (*guard, error) {
	g := &guard{own: own, book: book{o.Ledger, o.Live}, expiry: o.SPIFFE.Expiry}
	g.addBreaker(o)
	g.addAudit(o)
	if err := errors.Join(g.addChecks(o), g.addJWT(ctx, o), g.addPolicy(o), g.addTracing(o)); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *guard) addBreaker(o Options) {
	if o.SPIFFE.Breaker {
		g.breaker = newBreaker(o.Breaker)
		g.checks = append(g.checks, g.breaker.check)
		g.told = append(g.told, g.breaker.tell)
	}
}

// addChecks adds those of the caller's certificate.
func (g *guard) addChecks(o Options) error {
	if g.expiry {
		g.checks = append(g.checks, unexpired)
	}
	if o.SPIFFE.Peer == "" && o.Authorize == nil {
		return nil
	}
	authorize, err := o.authorizer()
	if err == nil {
		g.checks = append(g.checks, named(authorize))
	}
	return err
}

func (g *guard) addPolicy(o Options) error {
	policy, err := o.policy(g.own)
	if policy != nil {
		g.checks = append(g.checks, policy)
	}
	return err
}

func (g *guard) close() {
	for _, end := range g.closers {
		end()
	}
}

// met is told of a handshake, and returns the connection to speak HTTP/2 over.
func (g *guard) met(c *conn, secured net.Conn) net.Conn {
	if g.breaker != nil {
		g.breaker.meet(c.caller)
	}
	if g.expiry {
		return expire(c, secured)
	}
	return secured
}

func (g *guard) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (reply any, err error) {
	end, err := g.admit(ctx, info.FullMethod)
	if err == nil {
		reply, err = handle(ctx, request)
	}
	end(err)
	return reply, err
}

func (g *guard) stream(service any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	end, err := g.admit(s.Context(), info.FullMethod)
	if err == nil {
		err = handle(service, s)
	}
	end(err)
	return err
}

// admit decides on a call. The function that it returns is to be called with what became of it.
func (g *guard) admit(ctx context.Context, method string) (end func(error), err error) {
	c, err := connOf(ctx)
	if err != nil {
		return func(error) {}, err
	}
	if g.book.live {
		g.book.Accept()
	}
	request := g.request(c.caller, method)
	span := g.tracing.start(ctx, request, c)
	decision := g.decide(ctx, request)
	span.decided(decision)
	g.tell(request, decision, c)
	if !decision.Allow {
		c.refuse("refused: " + decision.Reason)
		err = status.Error(codes.PermissionDenied, decision.Reason)
	}
	return func(err error) {
		span.end(err)
		g.count(c, decision, err)
	}, err
}

func (g *guard) tell(r Request, d Decision, c *conn) {
	if len(g.told) == 0 {
		return
	}
	now := time.Now()
	record := Record{At: now, Caller: r.Caller, Method: r.Method, Decision: d, Serial: r.Serial, Age: now.Sub(c.caller.notBefore)}
	for _, tell := range g.told {
		tell(record)
	}
}

// count keeps the books. The reply has not been written yet: who has it must be in the books already.
func (g *guard) count(c *conn, d Decision, err error) {
	switch {
	case err == nil:
		c.confirmed.Store(true)
		if g.book.live {
			g.book.Complete(c.outcome)
		}
	case !g.book.live:
		c.refuse("failed: " + status.Code(err).String())
	case !d.Allow:
		g.book.Reject("refused: " + d.Reason)
	default:
		g.book.Reject("failed: " + status.Code(err).String())
	}
}

func (g *guard) decide(ctx context.Context, r Request) Decision {
	d := Decision{Allow: true}
	for _, check := range g.checks {
		var err error
		if d, err = check(ctx, r); err != nil {
			d = Decision{ID: d.ID, Reason: "policy failed"}
		}
		if !d.Allow {
			break
		}
	}
	d.ID = cmp.Or(d.ID, fmt.Sprintf("%08x", g.numbers.Add(1)))
	if !d.Allow {
		d.Reason = cmp.Or(d.Reason, "no reason given")
	}
	return d
}

func (g *guard) request(c caller, method string) Request {
	return Request{Caller: c.id, Server: g.own, Method: method, Serial: c.serial, NotAfter: c.notAfter, Resumed: c.resumed}
}

// connOf is the connection of a call.
func connOf(ctx context.Context) (*conn, error) {
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(authInfo); ok {
			return info.conn, nil
		}
	}
	return nil, status.Error(codes.Unauthenticated, "a connection without an identity")
}
