package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// pushing is how the experiment push goes.
type pushing struct {
	ttl        time.Duration
	halves     int // how many half-lives
	bystanders int // workloads of another user, which the agent renews beside the server and the client
	callers    int
	thinking   time.Duration // of a caller between two calls
}

func push() experiment.Experiment {
	p := pushing{ttl: 2 * time.Second, halves: 100, bystanders: 14, callers: 2, thinking: 2 * time.Millisecond}
	return experiment.Experiment{
		Name:  "push",
		Title: "From a pushed identity to the first handshake with it",
		Doc: "The agent renews identities that live for 2 s at half of it, 100 times, and pushes them. Meanwhile one client makes full handshakes in closed loop, " +
			"which show which identity the server has, and two call by gRPC every few milliseconds over connections that the server ends after a quarter of that life.",
		Takes: 110 * time.Second,
		Run:   p.run,
	}
}

func (p pushing) run(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
	entries := workloads(p.ttl)
	for i := range p.bystanders {
		entries = append(entries, spiffe.Entry{Path: fmt.Sprintf("/bystander/%d", i), UID: os.Getuid() + 1, TTL: p.ttl})
	}
	estate, err := settle(ctx, b, nil, entries...)
	if err != nil {
		return nil, err
	}
	defer estate.close()
	b.Speak(fmt.Sprintf("push: %d half-lives of %v", p.halves, p.ttl/2))
	w := pushWatch{pushing: p, first: map[uint64]time.Time{}}
	if err := w.run(ctx, estate); err != nil {
		return nil, err
	}
	return []experiment.Arm{w.arm(estate.agent.Pushes())}, ctx.Err()
}

// pushWatch is what was seen while identities were pushed.
type pushWatch struct {
	pushing
	first      map[uint64]time.Time // when a handshake first showed a generation of the server
	took       []time.Duration      // by each handshake: what the machine could do meanwhile
	handshakes register
	calls      register
}

func (w *pushWatch) run(ctx context.Context, e *estate) (err error) {
	serving, asking, err := e.configs(spiffe.Off, spiffe.Off)
	if err != nil {
		return err
	}
	door, err := openDoor(serving, nil)
	if err != nil {
		return err
	}
	defer door.close()
	settings := handshake.SPIFFE{Domain: trustDomain, Resumption: spiffe.Off, MaxAge: w.ttl / 4}
	office, err := openOffice(nil, spiffegrpc.Options{SPIFFE: settings, Source: e.server})
	if err != nil {
		return err
	}
	most := time.Duration(w.halves) * w.ttl / 2 * 21 / 20 // the jitter may add up
	err = w.load(ctx, most, office.address, door.address(), asking, spiffegrpc.ClientOptions{SPIFFE: settings, Source: e.client})
	return errors.Join(err, office.close())
}

// load calls and makes handshakes for some time.
func (w *pushWatch) load(ctx context.Context, d time.Duration, office, door string, asking *tls.Config, o spiffegrpc.ClientOptions) error {
	ctx, cancel := context.WithCancel(ctx) // with a deadline a dial would fail a little before the context ends
	var calling sync.WaitGroup
	defer calling.Wait()
	defer cancel()
	defer time.AfterFunc(d, cancel).Stop()
	for range w.callers {
		v, err := visit(ctx, office, o)
		if err != nil {
			return err
		}
		calling.Go(func() {
			defer v.client.Close()
			v.inTurn(ctx, w.thinking, &w.calls)
		})
	}
	for ctx.Err() == nil {
		w.look(ctx, door, asking)
	}
	return nil
}

// look makes one handshake; one that the end interrupts does not count.
func (w *pushWatch) look(ctx context.Context, door string, asking *tls.Config) {
	began := time.Now()
	s, err := knock(ctx, door, asking)
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		w.handshakes.refusal(err)
		return
	}
	w.took = append(w.took, now.Sub(began))
	leaf := s.PeerCertificates[0]
	w.handshakes.handshake(kindOf(s), leaf, now)
	if _, seen := w.first[leaf.SerialNumber.Uint64()]; !seen {
		w.first[leaf.SerialNumber.Uint64()] = now
	}
}

// arm matches what was pushed with what was seen. What was never seen, such as the last push of all, is no rotation. A
// handshake may show an identity before the agent has written to its other stream: that took no time.
func (w *pushWatch) arm(pushes []spiffe.Push) experiment.Arm {
	var took []time.Duration
	for _, p := range pushes {
		if at, seen := w.first[p.Serial]; seen && p.Path == serverPath && !p.At.IsZero() {
			took = append(took, max(0, at.Sub(p.At)))
		}
	}
	a := experiment.Arm{Name: "agent", Role: experiment.Reference, Doc: "the lab's Workload API agent, sources of go-spiffe, no tickets"}
	a.Measures = append(a.Measures, experiment.Count("rotations", "rotations", len(took), len(took)))
	a.Measures = append(a.Measures, w.calls.calls()...)
	a.Measures = append(a.Measures, experiment.Count("failed_handshakes", "handshakes", w.handshakes.failed, w.handshakes.all))
	a.Measures = append(a.Measures, experiment.Quantiles("push", took)...)
	a.Measures = append(a.Measures, experiment.Quantiles("handshake", w.took)...)
	if share, of := together(pushes, w.ttl/200); of > 0 {
		a.Measures = append(a.Measures, experiment.Measure{Name: "spread", Unit: "share", Value: share, Of: of})
	}
	if failure := errors.Join(w.calls.failure, w.handshakes.failure); failure != nil {
		a.Notes = append(a.Notes, "last failure: "+failure.Error())
	}
	return a
}

// together is the mean share of the other workloads that were renewed within some time of a renewal, and the number of
// renewals that it is the mean of. All at once would be 1.
func together(pushes []spiffe.Push, within time.Duration) (share float64, of uint64) {
	workloads := map[string]bool{}
	for _, p := range pushes {
		workloads[p.Path] = true
	}
	if len(workloads) < 2 {
		return 0, 0
	}
	for _, p := range pushes {
		near := map[string]bool{}
		for _, other := range pushes {
			if other.Path != p.Path && other.Issued.Sub(p.Issued).Abs() <= within {
				near[other.Path] = true
			}
		}
		share += float64(len(near)) / float64(len(workloads)-1)
	}
	return share / float64(len(pushes)), uint64(len(pushes))
}
