package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// starting is how the experiment start goes.
type starting struct {
	most time.Duration // after which a server that has not refused is stopped
}

func start() experiment.Experiment {
	s := starting{most: 30 * time.Second}
	return experiment.Experiment{
		Name:  "start",
		Title: "A server that is given no identity",
		Doc: "A gRPC server is started on a socket that listens already, with an agent that is not there, attests nobody, or answers without an identity; " +
			"a client tries a handshake all the while. Refused is when the server has ended with an error.",
		Takes: 12 * time.Second,
		Run:   s.run,
	}
}

func (s starting) run(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
	cases := []struct {
		name, doc string
		fault     spiffe.Fault
		gone      bool
	}{
		{"no-agent", "nobody listens at the Workload API's socket", spiffe.None, true},
		{"denied", "the agent attests nobody", spiffe.Deny, false},
		{"empty", "the agent answers without an identity", spiffe.Empty, false},
	}
	b.Speak("start: all arms at once")
	arms := make([]experiment.Arm, len(cases))
	var running sync.WaitGroup
	defer running.Wait()
	for i, c := range cases {
		estate, err := found(b, workloads(time.Hour)...)
		if err != nil {
			return nil, err
		}
		defer estate.agent.Stop()
		estate.agent.Fault(c.fault)
		if c.gone {
			estate.agent.Stop()
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		arms[i] = experiment.Arm{Name: c.name, Role: experiment.Reference, Doc: c.doc}
		running.Go(func() { s.refuse(ctx, estate.agent.Address(), listener, &arms[i]) })
	}
	running.Wait()
	if b.Agent == "" {
		return arms, ctx.Err()
	}
	outside, err := external(ctx, b.Agent)
	return append(arms, outside), errors.Join(err, ctx.Err())
}

// refuse starts the server and lets a client that trusts anybody knock until it is gone.
func (s starting) refuse(ctx context.Context, socket string, l net.Listener, a *experiment.Arm) {
	ctx, cancel := context.WithTimeout(ctx, s.most)
	defer cancel()
	knocking, stop := context.WithCancel(ctx)
	served := make(chan int)
	go func() { served <- handshakesWith(knocking, l.Addr().String()) }()
	began := time.Now()
	err := spiffegrpc.Serve(ctx, l, spiffegrpc.Options{SPIFFE: handshake.SPIFFE{Socket: socket, Domain: trustDomain}})
	took := time.Since(began)
	stop()
	a.Measures = append(a.Measures, experiment.Measure{Name: "served", Unit: "handshakes", Value: float64(<-served), Of: 1})
	if err == nil {
		a.Notes = append(a.Notes, "refused_after: the server went on until it was stopped")
		return
	}
	a.Measures = append(a.Measures, experiment.Seconds("refused_after", took))
	a.Notes = append(a.Notes, "the server's error: "+strings.NewReplacer(strings.TrimPrefix(socket, "unix://"), "SOCKET", "\n", "; ").Replace(err.Error()))
}

// handshakesWith counts those that a server completes as far as a client sees, which is before its own certificate is
// looked at.
func handshakesWith(ctx context.Context, address string) (made int) {
	for pause(ctx, 10*time.Millisecond) {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
		if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
			conn.Close()
			made++
		}
	}
	return made
}
