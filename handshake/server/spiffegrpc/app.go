package spiffegrpc

import (
	"context"
	"errors"

	"github.com/tlslab/tlslab/handshake/server"
)

// App is the server.App. Its settings are those of the stage: server.Settings.SPIFFE.
type App struct {
	Policies map[string]Policy // that the setting policy may name, beside "function"
}

// Serve is described at server.App. It closes the listener and returns an error where no identity is to be had.
func (a App) Serve(ctx context.Context, s *server.Stage) error {
	if s.Settings.SPIFFE == nil {
		s.TCP.Close()
		return errors.New("spiffegrpc: no settings of identities")
	}
	return Serve(ctx, s.TCP, Options{
		SPIFFE:   *s.Settings.SPIFFE,
		Policies: a.Policies,
		Ledger:   s.Ledger,
		Live:     s.Settings.Live,
		follow:   s.Follow,
	})
}
