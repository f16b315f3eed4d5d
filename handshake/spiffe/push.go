package spiffe

import (
	"slices"
	"time"
)

// Push is one identity on its way to those who watch.
type Push struct {
	Path   string
	Serial uint64    // its generation
	Issued time.Time // made; with the monotonic clock, as all times here
	At     time.Time // the last stream that was open when it was made had been written to; with none, the first one after; zero: nobody yet
}

// remembered is how many pushes a ledger keeps, the latest, unless the agent's options say otherwise.
const remembered = 1 << 16

type push struct {
	Push
	version uint64 // of the agent, before the identity was made
}

// ledger is the agent's book of pushes, oldest first.
type ledger []*push

// begin notes a push, and forgets the older half where there are as many as are kept.
func (l *ledger) begin(path string, serial, version uint64, kept int) *push {
	p := &push{Push{Path: path, Serial: serial, Issued: time.Now()}, version}
	if len(*l) >= kept {
		*l = slices.Delete(*l, 0, kept/2)
	}
	*l = append(*l, p)
	return p
}

// wrote is told that a stream has been written to that was opened, or written to last, at a version of the agent.
func (p *push) wrote(since uint64, at time.Time) {
	if p.At.IsZero() || since <= p.version {
		p.At = at
	}
}

// Pushes are the identities that were made so far, oldest first, of which half as many as the options say
// are kept at least. A stream counts as written to when gRPC has taken the message over.
func (a *Agent) Pushes() []Push {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Push, len(a.ledger))
	for i, p := range a.ledger {
		all[i] = p.Push
	}
	return all
}
