package lab

import (
	"slices"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/account"
)

// countCollections tells the windows of an account how many garbage collections ended in each, by the server's
// samples: the kernel does not know of them. An observer that does know has counted already.
func countCollections(a *account.Account, r server.Report) {
	if a.Tier == account.Runtime {
		return
	}
	before := uint64(0)
	for _, s := range r.Samples {
		at := r.Began + s.At - a.Began
		i := slices.IndexFunc(a.Windows, func(w account.Window) bool { return at >= w.At && at < w.At+w.Length })
		if i >= 0 && s.GCCycles > before {
			a.Windows[i].GCCycles += s.GCCycles - before
		}
		before = max(before, s.GCCycles)
	}
}
