package server

import (
	"context"
	"net"

	"github.com/tlslab/tlslab/handshake"
)

// Serve serves the connections of a listener, of any network, until ctx ends, and returns the books of all of them. It
// runs the code that [Control] runs for each connection, for whoever counts what that code costs: no control channel,
// no samples, no port.
func Serve(ctx context.Context, listener net.Listener, s Settings) (handshake.ServerLedger, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := s.plain(ctx, listener)
	if err != nil {
		return handshake.ServerLedger{}, err
	}
	defer p.plants.clear()
	err = p.serve(ctx)
	return p.ledger.read(), err
}
