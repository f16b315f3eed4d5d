package rotation

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// An authority that cannot issue is an error of every injection, not half of its moves.
func TestMovesFail(t *testing.T) {
	a, err := NewAuthority(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	a.names, a.Next.names = []string{"kante.példa.test"}, []string{"kante.példa.test"}
	for _, i := range Catalogue() {
		if _, err := i.Moves(Place{Dir: t.TempDir(), Method: i.Place}, a); err == nil {
			t.Errorf("%s: no error", i.Name)
		}
	}
}
