package standalone

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// idle is how long a connection of the HTTP plane may say nothing: longer than anybody holds one across rotations.
const idle = time.Hour

// serveHTTP serves the HTTP plane until ctx ends, and returns when its last connection is over.
func (s *server) serveHTTP(ctx context.Context, l net.Listener) error {
	config := s.config(tls.NoClientCert)
	config.NextProtos = []string{"h2", "http/1.1"} // net/http adds them to a copy, of which the strategy knows nothing
	var open sync.WaitGroup
	plane := &http.Server{
		Handler:           http.HandlerFunc(s.tell),
		TLSConfig:         config,
		ReadHeaderTimeout: idle,
		IdleTimeout:       idle,
		ErrorLog:          log.New(io.Discard, "", 0), // a handshake that fails is its client's news
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed:
				open.Done()
			}
		},
	}
	stop := context.AfterFunc(ctx, func() { plane.Close() })
	defer stop()
	err := plane.ServeTLS(l, "", "")
	plane.Close() // what was accepted meanwhile, too
	open.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("http plane: %w", err)
}

// tell answers with the generation that new handshakes are served with, which may be newer than the connection.
func (s *server) tell(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, s.book.Ledger().Generation)
}
