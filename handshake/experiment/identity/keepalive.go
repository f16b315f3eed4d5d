package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// keeping is how the experiment keepalive goes. grpc-go takes one second as the shortest pause.
type keeping struct {
	pauses []time.Duration // zero: none
	idle   time.Duration   // for which pings are counted where there is no pause to go by
	grace  time.Duration   // beyond two of the longest pauses, after which a peer counts as not missed
}

// quiet is how long after a call its last frames may come.
const quiet = 200 * time.Millisecond

func keepalives() experiment.Experiment {
	k := keeping{pauses: []time.Duration{0, 10 * time.Second, 2 * time.Second, time.Second}, idle: 3 * time.Second, grace: 3 * time.Second}
	return experiment.Experiment{
		Name:  "keepalive",
		Title: "Until a server misses a client that has vanished",
		Doc: "A gRPC client calls once through a TCP proxy and is idle. Then the proxy swallows what both sides say, while TCP stays up. " +
			"The arms, all at once, are the server's pauses between pings of an idle connection; who does not answer for another pause is gone.",
		Takes: 50 * time.Second,
		Run:   k.run,
	}
}

func (k keeping) run(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
	estate, err := settle(ctx, b, nil, workloads(time.Hour)...)
	if err != nil {
		return nil, err
	}
	defer estate.close()
	b.Speak("keepalive: all arms at once")
	arms, errs := make([]experiment.Arm, len(k.pauses)), make([]error, len(k.pauses))
	var running sync.WaitGroup
	for i, pause := range k.pauses {
		running.Go(func() { arms[i], errs[i] = k.arm(ctx, estate, pause) })
	}
	running.Wait()
	return arms, errors.Join(errs...)
}

func (k keeping) arm(ctx context.Context, e *estate, every time.Duration) (a experiment.Arm, err error) {
	a = experiment.Arm{Name: "off", Role: experiment.Control, Doc: "no pings"}
	if every > 0 {
		a = experiment.Arm{Name: every.String(), Doc: "a ping after " + every.String() + " of silence"}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return a, err
	}
	parting := parting{Listener: listener, closed: make(chan time.Time, 1)}
	settings := handshake.SPIFFE{Domain: trustDomain, Resumption: spiffe.Off, Keepalive: every}
	office, err := openOffice(parting, spiffegrpc.Options{SPIFFE: settings, Source: e.server})
	if err != nil {
		return a, err
	}
	settings.Keepalive = 0 // of the client
	err = k.vanish(ctx, office.address, parting, every, spiffegrpc.ClientOptions{SPIFFE: settings, Source: e.client}, &a)
	return a, errors.Join(err, office.close())
}

// vanish makes the one call, counts pings, and lets the client vanish.
func (k keeping) vanish(ctx context.Context, address string, p parting, every time.Duration, o spiffegrpc.ClientOptions, a *experiment.Arm) error {
	relay, err := openRelay(address)
	if err != nil {
		return err
	}
	defer relay.close()
	v, err := visit(ctx, relay.address(), o)
	if err != nil {
		return err
	}
	defer v.client.Close()
	if _, _, err := v.call(ctx); err != nil {
		return err
	}
	if !pause(ctx, quiet) {
		return ctx.Err()
	}
	idle := max(k.idle, every*5/2)
	before := relay.said.Load()
	if !pause(ctx, idle) {
		return ctx.Err()
	}
	pings := relay.said.Load() - before // they come one at a time
	a.Measures = []experiment.Measure{{Name: "idle_pings", Unit: "pings/s", Value: float64(pings) / idle.Seconds(), Of: uint64(pings)}}
	relay.swallow.Store(true)
	return k.detect(ctx, p, time.Now(), a)
}

func (k keeping) detect(ctx context.Context, p parting, vanished time.Time, a *experiment.Arm) error {
	most := k.grace
	for _, pause := range k.pauses {
		most = max(most, 2*pause+k.grace)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case at := <-p.closed:
		a.Measures = append(a.Measures, experiment.Seconds("detected_after", at.Sub(vanished)))
	case <-time.After(most):
		a.Notes = append(a.Notes, fmt.Sprintf("detected_after: not within %v", most))
	}
	return nil
}

// parting is a listener that tells when its server closes a connection: the first one.
type parting struct {
	net.Listener
	closed chan time.Time
}

func (p parting) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return partingConn{conn, p.closed}, nil
}

type partingConn struct {
	net.Conn
	closed chan time.Time
}

func (c partingConn) Close() error {
	select {
	case c.closed <- time.Now():
	default: // told already
	}
	return c.Conn.Close()
}
