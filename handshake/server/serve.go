package server

import (
	"context"
	"fmt"
	"net"

	"github.com/tlslab/tlslab/handshake"
)

// Serve serves the connections of a listener, of any network, with the app plain until ctx ends, and returns the books of all of them. It
// runs the code that [Control] runs for each connection, for whoever counts what that code costs: no control channel,
// no samples, no port.
func Serve(ctx context.Context, listener net.Listener, s Settings) (handshake.ServerLedger, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.App != "plain" {
		return handshake.ServerLedger{}, fmt.Errorf("unknown app %q", s.App)
	}
	h, err := s.house(ctx, Plain{}, listener, nil)
	if err != nil {
		return handshake.ServerLedger{}, err
	}
	defer h.plants.clear()
	err = h.serve(ctx)
	return h.Ledger.read(), err
}
