// Package standalone is a server that runs by itself from paths to certificates, as the servers of users do: for the
// scorecard, which observes it through handshakes, and for whoever wants to try a reload strategy.
//
//	files -> reload.Strategy -> HTTP plane   server authentication, answers with the generation
//	                        \-> node plane   mutual authentication, echoes
//	                        \-> peer link    dials another node with the same certificate
//
// One instance of the strategy is behind all three, so one rotation of the files rotates them together. A [Supervisor]
// keeps such a server running as its child: it holds the listeners, so that connections wait while a child that
// crashed is replaced.
package standalone

import (
	"context"
	"io"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// Settings say what is served, and from which files.
type Settings struct {
	Reload    reload.Settings
	Listen    string        // host:port of the HTTP plane
	Node      string        // host:port of the node plane; empty: none
	Admin     string        // path of the admin socket; empty: none
	Peer      string        // host:port of another server's node plane, which is dialled again and again; empty: none
	PeerEvery time.Duration // between the begins of two dials; zero: 1 s
	Tickets   bool          // sessions may be resumed
}

// Hello is the line of JSON that a server writes once it listens.
type Hello struct {
	Listen     string `json:"listen"` // host:port
	Node       string `json:"node,omitempty"`
	PID        int    `json:"pid"`
	Generation uint64 `json:"generation"` // served first
}

// Serve serves until ctx ends; then every listener and connection is closed, the admin socket is gone, and the error is
// nil. It writes one line to out, a [Hello], and to errs what people should know. A server without a certificate, or
// without one of its addresses, does not start.
func Serve(ctx context.Context, s Settings, out, errs io.Writer) error {
	open, err := s.listen()
	if err != nil {
		return err
	}
	defer open.close()
	return (&server{Settings: s, open: open, out: out, errs: errs}).serve(ctx)
}
