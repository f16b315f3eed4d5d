package identity

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// living is how the experiment live goes.
type living struct {
	ttl      time.Duration
	lasts    time.Duration // each arm
	callers  int
	thinking time.Duration
}

func live() experiment.Experiment {
	l := living{ttl: 3 * time.Second, lasts: 15 * time.Second, callers: 2, thinking: 2 * time.Millisecond}
	return experiment.Experiment{
		Name:  "live",
		Title: "Connections that outlive the identity that opened them",
		Doc: "Two clients, whose identities live for 3 s and are renewed at half of it, call by gRPC in closed loop. A call is expired when the identity that the server " +
			"believes is over, and was allowed all the same. The arms are how the server ends connections; sessions are resumed only where an arm says so.",
		Takes: 110 * time.Second,
		Run:   l.run,
	}
}

// ending is how a server ends connections.
type ending struct {
	name     string
	role     experiment.Role
	doc      string
	settings handshake.SPIFFE
}

func (l living) endings() []ending {
	age := func(age, grace time.Duration) handshake.SPIFFE {
		return handshake.SPIFFE{MaxAge: age, Grace: grace, Resumption: spiffe.Off}
	}
	resumed, expiry := age(l.ttl/4, l.ttl/8), age(0, 0)
	resumed.Resumption = spiffe.Default
	expiry.Resumption, expiry.Expiry = spiffe.Epoch, true
	return []ending{
		{"no-limit", experiment.Control, "never", age(0, 0)},
		{"2x-ttl", experiment.Published, "MaxConnectionAge of two lives and a grace of a third, as 30 min and 5 min are to 15 min", age(2*l.ttl, l.ttl/3)},
		{"ttl", "", "MaxConnectionAge of one life", age(l.ttl, l.ttl/8)},
		{"half-ttl", "", "MaxConnectionAge of half a life", age(l.ttl/2, l.ttl/8)},
		{"quarter-ttl", "", "MaxConnectionAge of a quarter of a life", age(l.ttl/4, l.ttl/8)},
		{"quarter-ttl-resumed", "", "the same, and clients resume their sessions as go-spiffe leaves it", resumed},
		{"expiry", experiment.Reference, "asked to leave before the peer's identity ends, closed when it does; clients resume while bundle and policy stay what they were", expiry},
	}
}

func (l living) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	for _, e := range l.endings() {
		b.Speak("live: " + e.name)
		a := experiment.Arm{Name: e.name, Role: e.role, Doc: e.doc}
		if err := l.arm(ctx, b, e.settings, &a); err != nil {
			return arms, err
		}
		arms = append(arms, a)
	}
	return arms, ctx.Err()
}

func (l living) arm(ctx context.Context, b experiment.Bench, settings handshake.SPIFFE, a *experiment.Arm) error {
	estate, err := settle(ctx, b, nil, workloads(l.ttl)...)
	if err != nil {
		return err
	}
	defer estate.close()
	settings.Domain = trustDomain
	office, err := openOffice(nil, spiffegrpc.Options{SPIFFE: settings, Source: estate.server})
	if err != nil {
		return err
	}
	var book register
	dials, err := l.load(ctx, office.address, spiffegrpc.ClientOptions{SPIFFE: settings, Source: estate.client}, &book)
	if err := errors.Join(err, office.close()); err != nil {
		return err
	}
	ages, notes := book.ages()
	a.Measures = append(book.calls(), experiment.Count("reconnects", "connections", dials-l.callers, dials))
	a.Measures, a.Notes = append(a.Measures, ages...), notes
	return nil
}

// load lets the clients call, and returns how often they have dialed.
func (l living) load(ctx context.Context, address string, o spiffegrpc.ClientOptions, book *register) (dials int, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.lasts)
	defer cancel()
	var calling sync.WaitGroup
	var visitors []*visitor
	for range l.callers {
		v, err := visit(ctx, address, o)
		if err != nil {
			cancel()
			break
		}
		visitors = append(visitors, v)
		calling.Go(func() { v.inTurn(ctx, l.thinking, book) })
	}
	calling.Wait()
	for _, v := range visitors {
		v.client.Close()
		dials += int(v.dials.Load())
	}
	return dials, err
}
