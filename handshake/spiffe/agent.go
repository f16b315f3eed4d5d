package spiffe

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// Entry is a workload that the agent attests and serves.
type Entry struct {
	Path       string        // of its SPIFFE ID: "/server"
	UID        int           // selector unix:uid; -1: any
	Executable string        // selector unix:path, where the system tells; empty: any
	TTL        time.Duration // of its identities; zero: 1 h
	Federates  []string      // foreign trust domains whose bundles it gets; nil: all that the agent has
	Audiences  []string      // that it may have tokens for; nil: any
}

// AgentOptions are what an agent needs.
type AgentOptions struct {
	Socket  string // file path; a missing folder is made, for its owner only
	Domain  *Domain
	Entries []Entry
	Jitter  float64       // share of half the time to live by which a renewal moves at most; zero: 0.1; negative: none
	Seed    uint64        // of the jitter
	Streams int           // that may be open at once; zero: 1024
	Pushes  int           // that [Agent.Pushes] tells of at most; zero: 65536
	Delay   time.Duration // by which the fault Slow keeps an answer back; zero: 1 s
}

// Agent serves the Workload API of SPIFFE on a unix socket, as a workload's node does. What several entries give to
// one caller it gives in their order, each with its path as the hint.
type Agent struct {
	options  AgentOptions
	stranger *Domain    // for [ForeignDomain]
	instead  *authority // for [Agent.Withdraw]

	life sync.Mutex // Start and Stop, one at a time
	run  *run       // nil: stopped

	mu         sync.Mutex
	draw       *rand.Rand
	identities []identity // one for each entry
	generation uint64
	federated  map[spiffeid.TrustDomain]*spiffebundle.Bundle
	withdrawn  bool
	fault      Fault
	ledger     ledger
	open       int           // streams
	version    uint64        // of everything above that is pushed
	news       chan struct{} // closed when it grows
}

// identity is what an entry's workload has at present.
type identity struct {
	svid *x509svid.SVID
	due  time.Time // to be renewed
	push *push
}

// NewAgent is an agent that does not serve yet.
func NewAgent(o AgentOptions) (*Agent, error) {
	if err := o.settle(); err != nil {
		return nil, err
	}
	stranger, err := NewDomain("stranger.example", o.Domain.sig, time.Now())
	if err != nil {
		return nil, err
	}
	instead, err := newAuthority(o.Domain.name, o.Domain.sig, time.Now())
	if err != nil {
		return nil, err
	}
	return &Agent{
		options:    o,
		stranger:   stranger,
		instead:    instead,
		draw:       rand.New(rand.NewPCG(o.Seed, 0)),
		identities: make([]identity, len(o.Entries)),
		federated:  map[spiffeid.TrustDomain]*spiffebundle.Bundle{},
		news:       make(chan struct{}),
	}, nil
}

// settle checks the options, and fills in what they leave open.
func (o *AgentOptions) settle() error {
	if o.Domain == nil || o.Socket == "" {
		return errors.New("an agent needs a domain and a socket")
	}
	socket, err := filepath.Abs(o.Socket) // as a URI has it
	if err != nil {
		return err
	}
	o.Socket = socket
	o.Entries = slices.Clone(o.Entries)
	for i, e := range o.Entries {
		if _, err := o.Domain.ID(e.Path); err != nil {
			return fmt.Errorf("entry %d, %q: %w", i, e.Path, err)
		}
		o.Entries[i].TTL = positive(e.TTL, time.Hour)
	}
	if o.Jitter == 0 {
		o.Jitter = 0.1
	}
	if o.Streams <= 0 {
		o.Streams = 1024
	}
	if o.Pushes <= 0 {
		o.Pushes = remembered
	}
	o.Delay = positive(o.Delay, time.Second)
	return checkLength(o.Socket)
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// Address is where clients find the Workload API.
func (a *Agent) Address() string { return "unix://" + a.options.Socket }

// Streams is how many streams are open.
func (a *Agent) Streams() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open
}

// changed wakes every stream and the renewals; the lock is held.
func (a *Agent) changed() {
	a.version++
	close(a.news)
	a.news = make(chan struct{})
}

// change does something to the agent that is pushed.
func (a *Agent) change(do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	do()
	a.changed()
}

// Federate adds a foreign bundle, or replaces it, and pushes it.
func (a *Agent) Federate(b *spiffebundle.Bundle) {
	a.change(func() { a.federated[b.TrustDomain()] = b.Clone() })
}

// Unfederate takes a foreign bundle away from every workload.
func (a *Agent) Unfederate(domain string) {
	a.change(func() {
		for name := range a.federated {
			if name.Name() == domain {
				delete(a.federated, name)
			}
		}
	})
}

// Withdraw takes the domain's authorities out of the bundle that is pushed: another one, that has signed nothing,
// stands there instead, so that identities from this domain are good no more.
func (a *Agent) Withdraw() { a.change(func() { a.withdrawn = true }) }

// Restore ends [Agent.Withdraw].
func (a *Agent) Restore() { a.change(func() { a.withdrawn = false }) }

// Fault has the agent misbehave until it is set to None.
func (a *Agent) Fault(f Fault) { a.change(func() { a.fault = f }) }

// bundle is what the agent says of its own domain; the lock is held.
func (a *Agent) bundle() *spiffebundle.Bundle {
	if a.withdrawn {
		return bundleOf(a.options.Domain.name, a.instead)
	}
	return a.options.Domain.Bundle()
}
