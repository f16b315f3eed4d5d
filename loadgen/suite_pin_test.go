//go:build !tlslab_nopin

package loadgen

import (
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

// A suite can be chosen only for a whole process, so the generator is one; the server offers all suites.
func TestPinnedSuite(t *testing.T) {
	for _, suite := range []handshake.Suite{handshake.AES128GCM, handshake.AES256GCM, handshake.ChaCha20Poly1305} {
		server := serve(t, nil)
		g := startGenerator(t, server.job(handshake.Spec{Suite: suite}, 2, 6))
		g.awaitReady(t)
		l := g.run(t).Ledger
		ledger, _ := server.closed()
		if l.Mismatched != 0 || l.Shape.Suites[suite.String()] != 6 || ledger.Shape.Suites[suite.String()] != 6 {
			t.Errorf("%v: client negotiated %v, server %v", suite, l.Shape.Suites, ledger.Shape.Suites)
		}
	}
}
