package standalone

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tlslab/tlslab/handshake/reload"
)

// server is one process that serves.
type server struct {
	Settings
	past      past
	out, errs io.Writer
	child     bool // of a supervisor, which wants to know of every generation

	open     sockets
	book     reload.Book
	strategy reload.Strategy
	armed    atomic.Pointer[crash]  // for the first reload that comes so far; nil: none
	blind    atomic.Pointer[string] // why the files are no longer followed; nil: they are

	serving             atomic.Bool
	handshakes, resumed atomic.Uint64 // of both planes
	dialled, undialled  atomic.Uint64 // to the peer: confirmed, failed
}

// serve serves until ctx ends or something that it cannot serve without has failed.
func (s *server) serve(parent context.Context) (err error) {
	options := reload.Options{Settings: s.Reload, Book: &s.book, At: s.at, Boot: s.past.Boot}
	if s.strategy, err = reload.Open(options); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	var running sync.WaitGroup
	for _, part := range s.parts() {
		running.Go(func() {
			if err := part(ctx); err != nil {
				stop(err)
			}
		})
	}
	s.serving.Store(true)
	if err := s.hello(); err != nil {
		stop(err)
	}
	<-ctx.Done()
	running.Wait()
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// parts are what runs side by side.
func (s *server) parts() []func(context.Context) error {
	parts := []func(context.Context) error{
		s.follow,
		func(ctx context.Context) error { return s.serveHTTP(ctx, s.open[httpSocket]) },
	}
	if l := s.open[nodeSocket]; l != nil {
		parts = append(parts, func(ctx context.Context) error { return s.serveNode(ctx, l) })
	}
	if l := s.open[adminSocket]; l != nil {
		parts = append(parts, func(ctx context.Context) error { return s.serveAdmin(ctx, l) })
	}
	if s.Peer != "" {
		parts = append(parts, s.dialPeer)
	}
	return parts
}

func (s *server) hello() error {
	h := Hello{s.open.address(httpSocket), s.open.address(nodeSocket), os.Getpid(), s.book.Ledger().Generation}
	return json.NewEncoder(s.out).Encode(h)
}

// at is told how far a reload has come.
func (s *server) at(p reload.Point) {
	if c := s.armed.Load(); c != nil && c.at == p {
		c.now()
	}
	if p == reload.Journaled && s.child && s.serving.Load() {
		_ = s.hello() // a parent that does not read has ended, and this process is about to
	}
}

// follow lets the strategy follow the files. A mechanism that dies does what it would do to its users: the server goes
// on, and nothing but its status says that no certificate will ever be replaced again.
func (s *server) follow(ctx context.Context) error {
	if err := s.strategy.Run(ctx); err != nil {
		why := err.Error()
		s.blind.Store(&why)
		fmt.Fprintln(s.errs, "tlslab-server: the files are no longer followed:", why)
	}
	return nil
}

// config is that of a plane without a certificate: [reload.Apply] is for that.
func (s *server) config(clients tls.ClientAuthType) *tls.Config {
	config := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: !s.Tickets,
		ClientAuth:             clients,
		VerifyConnection:       s.count,
	}
	reload.Apply(config, s.strategy)
	return config
}

func (s *server) count(state tls.ConnectionState) error {
	s.handshakes.Add(1)
	if state.DidResume {
		s.resumed.Add(1)
	}
	return nil
}
