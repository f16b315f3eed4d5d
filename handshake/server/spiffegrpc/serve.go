package spiffegrpc

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// Paths of the identities of the two sides.
const (
	ServerPath = "/server"
	ClientPath = "/client"
)

// Patience is how long a server and a client wait for their first identity, unless they are told otherwise.
const Patience = 10 * time.Second

const handshakeTimeout = 15 * time.Second

// Options are how a server in the process deals with identities. The zero value of each but SPIFFE asks for nothing.
type Options struct {
	SPIFFE    handshake.SPIFFE
	Source    spiffe.Source         // of the server's identity, which stays open; nil: the Workload API at SPIFFE.Socket
	JWTs      jwtbundle.Source      // who signs JWT-SVIDs; nil: as the Workload API says
	Authorize tlsconfig.Authorizer  // of peers, in handshakes and, without chains, for each call; nil: SPIFFE.Peer, or in handshakes alone any of SPIFFE.Domain
	Policies  map[string]Policy     // that SPIFFE.Policy may name, beside "function"
	Audit     func(Record)          // is told of each decision, by several goroutines at once
	Breaker   Limits                // of SPIFFE.Breaker
	Exporter  sdktrace.SpanExporter // of SPIFFE.Tracing; nil: counts spans and drops them
	Ledger    *server.Ledger        // nil: nobody reads it
	Live      bool                  // the ledger counts calls, not connections
	Patience  time.Duration         // for the first identity; zero: the constant

	follow func(*tls.Config)
}

// Serve serves a listener until ctx ends, then closes it and waits for its goroutines. Where there is no identity within
// the patience it serves nobody and returns why.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	defer l.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Patience = cmp.Or(o.Patience, Patience)
	if o.Ledger == nil {
		o.Ledger = server.NewLedger()
	}
	if o.Source == nil {
		source, err := identify(ctx, o.SPIFFE.Socket, ServerPath, o.Patience)
		if err != nil {
			return err
		}
		defer source.Close()
		o.Source = source
	}
	own, err := o.own()
	if err != nil {
		return err
	}
	g, err := newGuard(ctx, o, own)
	if err != nil {
		return err
	}
	defer g.close()
	return o.serve(ctx, l, g)
}

func (o Options) serve(ctx context.Context, l net.Listener, g *guard) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	options := append(o.keepalive(),
		grpc.Creds(transport{config: config, source: o.Source, met: g.met}),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.UnaryInterceptor(g.unary),
		grpc.StreamInterceptor(g.stream),
		grpc.WaitForHandlers(true),
	)
	s := grpc.NewServer(options...)
	if err := register(s); err != nil {
		return err
	}
	ready := newReadiness(s, o.Source)
	defer s.Stop()
	defer context.AfterFunc(ctx, s.Stop)()
	defer ready.follow(ctx)()
	if err := s.Serve(&listener{Listener: l, ctx: ctx, book: g.book}); err != nil && ctx.Err() == nil {
		return fmt.Errorf("spiffegrpc: %w", err)
	}
	return nil
}

// config is that of every handshake.
func (o Options) config() (*tls.Config, error) {
	authorize, err := o.authorizer()
	if err != nil {
		return nil, err
	}
	config, err := spiffe.ServerConfig(o.Source, authorize, o.SPIFFE.Resumption)
	if err != nil {
		return nil, err
	}
	config.MinVersion, config.NextProtos = tls.VersionTLS13, []string{"h2"}
	if o.SPIFFE.Expiry {
		untilRenewed(config)
	}
	if o.follow != nil {
		o.follow(config)
	}
	return config, nil
}

// own is the server's ID, which must not have expired, and be one of the trust domain, where the settings name that.
func (o Options) own() (spiffeid.ID, error) {
	svid, err := o.Source.GetX509SVID()
	if err != nil {
		return spiffeid.ID{}, fmt.Errorf("spiffegrpc: no identity: %w", err)
	}
	if !time.Now().Before(svid.Certificates[0].NotAfter) {
		return spiffeid.ID{}, fmt.Errorf("spiffegrpc: the identity %s has expired", svid.ID)
	}
	if domain := o.SPIFFE.Domain; domain != "" && svid.ID.TrustDomain().Name() != domain {
		return spiffeid.ID{}, fmt.Errorf("spiffegrpc: the identity is %s, which is not of %s", svid.ID, domain)
	}
	return svid.ID, nil
}

// identify is the identity of a path from the Workload API of a socket; its error says which socket and why.
func identify(ctx context.Context, socket, path string, patience time.Duration) (*spiffe.Live, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	source, err := spiffe.DialWith(ctx, socket, spiffe.DialOptions{Path: path, Backoff: spiffe.Reference()})
	if err != nil {
		return nil, fmt.Errorf("spiffegrpc: no identity %s from %q: %w", path, socket, err)
	}
	return source, nil
}
