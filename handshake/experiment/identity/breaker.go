package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// breaking is how the experiment breaker goes.
type breaking struct {
	ttl      time.Duration
	normal   time.Duration // of rotation load before anybody intrudes
	intruded time.Duration // of an intruder's calls
	overlap  time.Duration // for which the breaker takes an old key beside a new one
	thinking time.Duration // of every caller between two calls
}

func breaker() experiment.Experiment {
	k := breaking{ttl: 4 * time.Second, normal: 20 * time.Second, intruded: 5 * time.Second, overlap: 500 * time.Millisecond, thinking: 5 * time.Millisecond}
	return experiment.Experiment{
		Name:  "breaker",
		Title: "An identity that is used as no rotation uses it",
		Doc: "A client calls by gRPC while its identity is renewed every 2 s: whatever is refused is a false positive. Then an intruder calls under the client's ID, " +
			"by a certificate that the agent never issued or by one that the client has replaced. Isolated is when the server first refuses the intruder.",
		Takes: 80 * time.Second,
		Run:   k.run,
	}
}

func (k breaking) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	for _, c := range []struct {
		name    string
		role    experiment.Role
		doc     string
		breaker bool
		intrude theft
	}{
		{"off", experiment.Control, "no breaker; the certificate was never issued", false, k.forge},
		{"on", experiment.Reference, "the certificate was never issued", true, k.forge},
		{"on-replaced", experiment.Reference, "the certificate is the one that the client has replaced", true, k.steal},
	} {
		b.Speak("breaker: " + c.name)
		a := experiment.Arm{Name: c.name, Role: c.role, Doc: c.doc}
		if err := k.arm(ctx, b, c.breaker, c.intrude, &a); err != nil {
			return arms, err
		}
		arms = append(arms, a)
	}
	b.Speak("breaker: socket-rule")
	rule, err := socketRule(ctx, b)
	return append(arms, rule), errors.Join(err, ctx.Err())
}

// theft is how an intruder comes by an identity of the client's.
type theft func(context.Context, *estate) (*x509svid.SVID, error)

// forge makes an identity with the domain's authority that no agent has issued.
func (k breaking) forge(_ context.Context, e *estate) (*x509svid.SVID, error) {
	now := time.Now()
	return e.domain.SVID(clientPath, 1<<40, now, now.Add(k.ttl+k.intruded))
}

// steal is the identity that the client has had until its next renewal, once the overlap is over. The two must not be
// of the same second, for then nobody can tell which of them is the older one.
func (k breaking) steal(ctx context.Context, e *estate) (*x509svid.SVID, error) {
	stolen, err := e.client.GetX509SVID()
	if err != nil {
		return nil, err
	}
	if !pause(ctx, time.Until(stolen.Certificates[0].NotBefore.Add(time.Second))) {
		return nil, ctx.Err()
	}
	e.agent.Rotate()
	if !pause(ctx, 3*k.overlap) {
		return nil, ctx.Err()
	}
	return stolen, nil
}

func (k breaking) arm(ctx context.Context, b experiment.Bench, on bool, intrude theft, a *experiment.Arm) error {
	estate, err := settle(ctx, b, nil, workloads(k.ttl)...)
	if err != nil {
		return err
	}
	defer estate.close()
	settings := handshake.SPIFFE{Domain: trustDomain, Resumption: spiffe.Off, MaxAge: k.ttl / 8, Breaker: on}
	office, err := openOffice(nil, spiffegrpc.Options{
		SPIFFE: settings, Source: estate.server,
		Breaker: spiffegrpc.Limits{Issued: issued(estate.agent), Overlap: k.overlap, Cool: time.Hour},
	})
	if err != nil {
		return err
	}
	err = k.calls(ctx, office.address, settings, estate, intrude, a)
	return errors.Join(err, office.close())
}

// issued asks the agent's book.
func issued(agent *spiffe.Agent) func(spiffeid.ID, uint64) bool {
	return func(id spiffeid.ID, serial uint64) bool {
		for _, p := range agent.Pushes() {
			if p.Serial == serial && p.Path == id.Path() {
				return true
			}
		}
		return false
	}
}

// calls has the client call by itself, and then beside an intruder.
func (k breaking) calls(ctx context.Context, address string, settings handshake.SPIFFE, e *estate, intrude theft, a *experiment.Arm) error {
	client, err := visit(ctx, address, spiffegrpc.ClientOptions{SPIFFE: settings, Source: e.client})
	if err != nil {
		return err
	}
	defer client.client.Close()
	var normal register
	k.inTurn(ctx, k.normal, client, &normal)
	a.Measures = append(a.Measures, experiment.Count("false_positives", "rpcs", normal.failed, normal.all))
	if normal.failure != nil {
		a.Notes = append(a.Notes, "last failure before the intrusion: "+normal.failure.Error())
	}
	ctx, cancel := context.WithCancel(ctx)
	var calling sync.WaitGroup
	defer calling.Wait()
	defer cancel()
	calling.Go(func() { client.inTurn(ctx, k.thinking, new(register)) })
	svid, err := intrude(ctx, e)
	if err != nil {
		return err
	}
	return k.intrusion(ctx, address, settings, stolen{svid, e.server}, a)
}

func (k breaking) inTurn(ctx context.Context, d time.Duration, v *visitor, book *register) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	v.inTurn(ctx, k.thinking, book)
}

// stolen is an identity for ever, with the bundles of another source.
type stolen struct {
	*x509svid.SVID
	x509bundle.Source
}

// Close does nothing: both are others'.
func (stolen) Close() error { return nil }

// intrusion calls as an intruder, and sees when that is refused and what is allowed all the same.
func (k breaking) intrusion(ctx context.Context, address string, settings handshake.SPIFFE, as spiffe.Source, a *experiment.Arm) error {
	intruder, err := visit(ctx, address, spiffegrpc.ClientOptions{SPIFFE: settings, Source: as})
	if err != nil {
		return err
	}
	defer intruder.client.Close()
	var refused time.Duration
	var all, before, after int
	for began := time.Now(); time.Since(began) < k.intruded && pause(ctx, k.thinking); all++ {
		_, _, err := intruder.call(ctx)
		switch {
		case err != nil && refused == 0:
			if a.Notes = append(a.Notes, fmt.Sprintf("the intruder's error: %v", err)); status.Code(err) != codes.PermissionDenied {
				return err
			}
			refused = time.Since(began)
		case err == nil && refused == 0:
			before++
		case err == nil:
			after++
		}
	}
	a.Measures = append(a.Measures, experiment.Count("calls_before_isolation", "rpcs", before, all))
	if refused == 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("isolated_after: not within %v", k.intruded))
		return ctx.Err()
	}
	a.Measures = append(a.Measures, experiment.Seconds("isolated_after", refused),
		experiment.Count("calls_after_isolation", "rpcs", after, all))
	return ctx.Err()
}
