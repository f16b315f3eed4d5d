// Package edge asks what an HTTPS gateway does at the edge of a network: which of its protocols shows a new
// certificate when, what becomes of unusual ClientHellos, where handshakes wait for locks, and what its settings cost.
// Servers and clients are real and run in the lab's own process: net/http, crypto/tls and quic-go over the loopback
// interface.
package edge

import "github.com/tlslab/tlslab/handshake/experiment"

// All are the experiments of the package.
func All() []experiment.Experiment {
	return []experiment.Experiment{
		parity(), hellos(), early(), blocked(), keepaliveGet(), nextProto(), health(), configForClient(),
	}
}
