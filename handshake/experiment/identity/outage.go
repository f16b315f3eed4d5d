package identity

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// missing is how the experiment outage goes.
type missing struct {
	ttl     time.Duration
	outages []time.Duration
	every   time.Duration // between two handshakes
	most    time.Duration // after which nobody comes back
}

func outage() experiment.Experiment {
	m := missing{ttl: 2 * time.Second, outages: []time.Duration{3500 * time.Millisecond, 20 * time.Second}, every: 20 * time.Millisecond, most: time.Minute}
	return experiment.Experiment{
		Name:  "outage",
		Title: "An agent that is away for longer than identities live",
		Doc: "Identities live for 2 s; the agent is away for 3.5 s or 20 s while a client makes handshakes. Recovered is when a handshake is made " +
			"between two identities that were issued after the agent's return. The arms without a suffix have the back-off of go-spiffe and grpc-go.",
		Takes: 85 * time.Second,
		Run:   m.run,
	}
}

func (m missing) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	for _, way := range []struct {
		suffix  string
		role    experiment.Role
		doc     string
		backoff *spiffe.Backoff
	}{
		{"", experiment.Published, "back-off as it comes: go-spiffe's 1 s, 2 s, ... 30 s, and grpc-go's below it", nil},
		{"-reference", experiment.Reference, "back-off from 100 ms, doubled up to 500 ms, in both: the socket is this machine's own", spiffe.Reference()},
	} {
		for _, away := range m.outages {
			a := experiment.Arm{Name: away.String() + way.suffix, Role: way.role, Doc: way.doc}
			b.Speak("outage: " + a.Name)
			if err := m.arm(ctx, b, away, way.backoff, &a); err != nil {
				return arms, err
			}
			arms = append(arms, a)
		}
	}
	return arms, ctx.Err()
}

// arm goes through one outage, and counts goroutines before and after everything.
func (m missing) arm(ctx context.Context, b experiment.Bench, away time.Duration, backoff *spiffe.Backoff, a *experiment.Arm) error {
	before := tread(ctx)
	if err := m.through(ctx, b, away, backoff, a); err != nil {
		return err
	}
	after := tread(ctx)
	leaked := max(0, after.goroutines-before.goroutines)
	a.Measures = append(a.Measures, experiment.Count("leaked_goroutines", "goroutines", leaked, after.goroutines))
	return nil
}

func (m missing) through(ctx context.Context, b experiment.Bench, away time.Duration, backoff *spiffe.Backoff, a *experiment.Arm) error {
	estate, err := settle(ctx, b, backoff, workloads(m.ttl)...)
	if err != nil {
		return err
	}
	defer estate.close()
	serving, asking, err := estate.configs(spiffe.Off, spiffe.Off)
	if err != nil {
		return err
	}
	door, err := openDoor(serving, nil)
	if err != nil {
		return err
	}
	defer door.close()
	var w outageWatch
	stop := w.begin(ctx, estate, door.address(), asking, m.every)
	defer stop()
	if !pause(ctx, m.ttl) {
		return ctx.Err()
	}
	estate.agent.Stop()
	if !pause(ctx, away) {
		return ctx.Err()
	}
	w.await(estate)
	if err := estate.agent.Start(); err != nil {
		return err
	}
	back := time.Now()
	until(ctx, m.most, w.isBack)
	stop()
	w.measures(back, m.most, a)
	return ctx.Err()
}

// outageWatch is what a server and a client saw.
type outageWatch struct {
	handshakes register

	mu        sync.Mutex
	waiting   bool      // for a handshake between identities younger than these
	old       [2]uint64 // generations of the server and the client
	recovered time.Time // when there was one
	expired   bool      // an identity that was over was returned without an error
	unready   bool      // readiness went
	inTime    bool      // and did before the identity was over
}

// begin watches until stop is called, which waits.
func (w *outageWatch) begin(ctx context.Context, e *estate, door string, asking *tls.Config, every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		for pause(ctx, every) {
			w.handshake(ctx, door, asking, e)
		}
	})
	watching.Go(func() {
		for pause(ctx, every/4) {
			w.look(e.server)
		}
	})
	return func() { cancel(); watching.Wait() }
}

// await begins to wait for identities younger than the present ones.
func (w *outageWatch) await(e *estate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting, w.old = true, [2]uint64{e.server.Serial(), e.client.Serial()}
}

func (w *outageWatch) isBack() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.recovered.IsZero()
}

// handshake makes one handshake; the client's identity is at least as young as the one that it had before.
func (w *outageWatch) handshake(ctx context.Context, door string, asking *tls.Config, e *estate) {
	own := e.client.Serial()
	state, err := knock(ctx, door, asking)
	now := time.Now()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		w.handshakes.refusal(err)
		return
	}
	peer := state.PeerCertificates[0]
	w.handshakes.handshake(kindOf(state), peer, now)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting && w.recovered.IsZero() && peer.SerialNumber.Uint64() > w.old[0] && own > w.old[1] {
		w.recovered = now
	}
}

// look asks the server's source for its identity, and whether that will do for a while.
func (w *outageWatch) look(s *spiffe.Live) {
	ready := s.Ready()
	svid, err := s.GetX509SVID()
	if err != nil {
		return
	}
	over := time.Now().After(svid.Certificates[0].NotAfter)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expired = w.expired || over
	if !ready && !w.unready {
		w.unready, w.inTime = true, !over
	}
}

// measures are to be taken when nothing watches any more.
func (w *outageWatch) measures(back time.Time, most time.Duration, a *experiment.Arm) {
	if w.recovered.IsZero() {
		a.Notes = append(a.Notes, fmt.Sprintf("recovery: not within %v", most))
	} else {
		a.Measures = append(a.Measures, experiment.Seconds("recovery", w.recovered.Sub(back)))
	}
	a.Measures = append(a.Measures,
		experiment.Count("failed_handshakes", "handshakes", w.handshakes.failed, w.handshakes.all),
		experiment.Count("expired_served", "arms", one(w.expired), 1),
		experiment.Count("ready_before_expiry", "arms", one(w.inTime), 1))
	if w.handshakes.failure != nil {
		a.Notes = append(a.Notes, "last failure: "+w.handshakes.failure.Error())
	}
}
