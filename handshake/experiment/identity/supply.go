package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// supply is a way for identities to come to a server. It begins with an identity of the short life.
type supply struct {
	domain  *spiffe.Domain
	config  *tls.Config     // of the server
	adopted <-chan struct{} // is sent on when handshakes are served with another identity; it holds one message
	issue   func(life time.Duration) (serial uint64, issued time.Time, err error)
	expires func() time.Time // the server's present identity
	halt    func()           // the issuer falls silent
	close   func()
}

type supplyOptions struct {
	ctx    context.Context
	dir    string
	domain *spiffe.Domain
	ttl    time.Duration // of the first identity
	seed   uint64
}

// press makes identities of the server, one after the other.
type press struct {
	domain *spiffe.Domain
	last   *x509svid.SVID
	serial uint64
}

// make returns when the identity existed. Its life is cut to a full second above.
func (p *press) make(life time.Duration) (time.Time, error) {
	now := time.Now()
	p.serial++
	var err error
	p.last, err = p.domain.SVID(serverPath, p.serial, now, now.Add(life+time.Second))
	return time.Now(), err
}

func (p *press) expires() time.Time { return p.last.Certificates[0].NotAfter }

// mount is a directory of a pod into which a driver writes, as the link ..data is swapped.
type mount struct {
	press
	place    rotation.Place
	strategy reload.Strategy
	adopted  chan struct{}
}

// armTime is for a strategy to arm its watches: some do not hear of what is written before, and are not asked about it.
const armTime = 300 * time.Millisecond

// byFiles has a strategy of package reload follow a mount.
func byFiles(strategy string) func(supplyOptions) (*supply, error) {
	return func(o supplyOptions) (*supply, error) {
		m := &mount{
			press:   press{domain: o.domain},
			place:   rotation.Place{Dir: o.dir, Method: rotation.Symlink},
			adopted: make(chan struct{}, 1),
		}
		if err := m.open(strategy, o.ttl); err != nil {
			return nil, err
		}
		config := &tls.Config{MinVersion: tls.VersionTLS13}
		reload.Apply(config, m.strategy)
		ctx, cancel := context.WithCancel(o.ctx)
		var following sync.WaitGroup
		following.Go(func() { _ = m.strategy.Run(ctx) }) // one that dies shows in what is served
		pause(ctx, armTime)
		return &supply{
			domain: o.domain, config: config, adopted: m.adopted, issue: m.issue, expires: m.expires,
			halt:  func() {},
			close: func() { cancel(); following.Wait() },
		}, nil
	}
}

func (m *mount) open(strategy string, ttl time.Duration) error {
	if _, err := m.make(ttl); err != nil {
		return err
	}
	first, err := m.material()
	if err != nil {
		return err
	}
	if err := m.place.Prepare(first); err != nil {
		return err
	}
	m.strategy, err = reload.Open(reload.Options{
		Settings: reload.Settings{Strategy: strategy, Files: m.place.Files()},
		Book:     &reload.Book{},
		At: func(p reload.Point) {
			if p == reload.Published {
				tell(m.adopted)
			}
		},
	})
	return err
}

func (m *mount) issue(life time.Duration) (serial uint64, issued time.Time, err error) {
	if issued, err = m.make(life); err != nil {
		return 0, issued, err
	}
	next, err := m.material()
	if err != nil {
		return 0, issued, err
	}
	_, err = rotation.Take(m.place.Steps(next))
	return m.serial, issued, err
}

// material is the last identity, PEM.
func (m *mount) material() (rotation.Material, error) {
	chain, key, err1 := m.last.Marshal()
	authorities, err2 := m.domain.Bundle().X509Bundle().Marshal()
	return rotation.Material{Generation: m.serial, Certificate: chain, Key: key, Authorities: authorities}, errors.Join(err1, err2)
}

// tell leaves a message where there is none.
func tell(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// byWorkloadAPI has go-spiffe's source follow an agent.
func byWorkloadAPI(o supplyOptions) (*supply, error) {
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{
		Socket: filepath.Join(o.dir, "api"), Domain: o.domain, Seed: o.seed,
		Entries: []spiffe.Entry{{Path: serverPath, UID: -1, TTL: o.ttl}},
	})
	if err != nil {
		return nil, err
	}
	if err := agent.Start(); err != nil {
		return nil, err
	}
	source, err := spiffe.Dial(o.ctx, agent.Address(), serverPath)
	if err != nil {
		agent.Stop()
		return nil, err
	}
	return &supply{
		domain: o.domain, config: tlsconfig.TLSServerConfig(source), adopted: source.Updated(), expires: source.NotAfter,
		issue: func(time.Duration) (uint64, time.Time, error) {
			serial := agent.Rotate()
			for _, p := range slices.Backward(agent.Pushes()) {
				if p.Serial == serial {
					return serial, p.Issued, nil
				}
			}
			return 0, time.Time{}, fmt.Errorf("the agent has not pushed generation %d", serial)
		},
		halt:  agent.Stop,
		close: func() { source.Close(); agent.Stop() },
	}, nil
}

// inProcess has the server's process hold the authority.
func inProcess(o supplyOptions) (*supply, error) {
	p, held, adopted := &press{domain: o.domain}, &spiffe.Memory{}, make(chan struct{}, 1)
	issue := func(life time.Duration) (uint64, time.Time, error) {
		issued, err := p.make(life)
		if err != nil {
			return 0, issued, err
		}
		held.Set(p.last)
		tell(adopted)
		return p.serial, issued, nil
	}
	if _, _, err := issue(o.ttl); err != nil {
		return nil, err
	}
	return &supply{
		domain: o.domain, config: tlsconfig.TLSServerConfig(held), adopted: adopted, issue: issue, expires: p.expires,
		halt:  func() {},
		close: func() {},
	}, nil
}
