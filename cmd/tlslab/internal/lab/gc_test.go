package lab

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/account"
)

func TestCountCollections(t *testing.T) {
	const ms = time.Millisecond
	a := &account.Account{Tier: account.Full, Began: 1000 * ms, Windows: []account.Window{
		{Length: 100 * ms}, {At: 100 * ms, Length: 100 * ms}, {At: 200 * ms, Length: 100 * ms},
	}}
	r := server.Report{Began: 1050 * ms, Samples: []server.Sample{
		{At: 25 * ms, GCCycles: 1}, {At: 75 * ms, GCCycles: 1}, {At: 100 * ms, GCCycles: 4}, {At: 160 * ms, GCCycles: 5}, {At: 900 * ms, GCCycles: 9},
	}}
	countCollections(a, r)
	for i, want := range []uint64{1, 3, 1} {
		if got := a.Windows[i].GCCycles; got != want {
			t.Errorf("window %d: got %d cycles, want %d", i, got, want)
		}
	}
	trace := &account.Account{Tier: account.Runtime, Windows: []account.Window{{Length: time.Second, GCCycles: 7}}}
	if countCollections(trace, r); trace.Windows[0].GCCycles != 7 {
		t.Errorf("the execution trace counts for itself: got %d, want 7", trace.Windows[0].GCCycles)
	}
}
