package identity

import "github.com/tlslab/tlslab/handshake/experiment"

// All are the experiments about identities, in the order in which they are told.
func All() []experiment.Experiment {
	return []experiment.Experiment{
		push(), resumption(), live(), keepalives(), outage(), start(), breaker(), storm(),
		staples(), federation(), jwt(), sources(),
	}
}
