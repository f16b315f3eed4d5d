package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

const (
	foreignDomain = "partner.example"
	endpointPath  = "/bundle-endpoint"
)

// federating is how the experiment federation goes.
type federating struct {
	attempts int // handshakes of each client
}

func federation() experiment.Experiment {
	f := federating{attempts: 50}
	return experiment.Experiment{
		Name:  "federation",
		Title: "Who is let in from another trust domain",
		Doc: "Two trust domains, each with an agent, publish their bundles at endpoints of the profile https_spiffe. A server of one makes mutual TLS with a client of the other, " +
			"and with one that shows the same identity but takes any server, so that the server alone decides. Both are counted.",
		Takes: 5 * time.Second,
		Run:   f.run,
	}
}

func (f federating) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	for _, arm := range []struct {
		name, doc string
		measure   func(context.Context, *border, *experiment.Arm) error
	}{
		{"federated", "each agent follows the other's endpoint", f.federated},
		{"unfederated", "nobody has told either of the other", f.unfederated},
		{"removed", "federated, and then the server's agent drops the foreign bundle", f.removed},
		{"cross-signed", "not federated, but the foreign authority is cross-signed by the server's own root", f.crossSigned},
		{"stale-bundle", "the foreign authority was rotated since its bundle was fetched, and then it is fetched again", f.stale},
	} {
		b.Speak("federation: " + arm.name)
		a := experiment.Arm{Name: arm.name, Doc: arm.doc}
		if err := f.atBorder(ctx, b, &a, arm.measure); err != nil {
			return arms, fmt.Errorf("%s: %w", arm.name, err)
		}
		arms = append(arms, a)
	}
	return arms, ctx.Err()
}

// atBorder gives each arm domains of its own.
func (f federating) atBorder(ctx context.Context, b experiment.Bench, a *experiment.Arm, measure func(context.Context, *border, *experiment.Arm) error) error {
	o, err := openBorder(ctx, b)
	if err != nil {
		return err
	}
	defer o.close()
	return measure(ctx, o, a)
}

func (f federating) federated(ctx context.Context, o *border, a *experiment.Arm) error {
	if err := o.federate(ctx); err != nil {
		return err
	}
	return f.count(ctx, o, a, "accepted", "refused")
}

func (f federating) unfederated(ctx context.Context, o *border, a *experiment.Arm) error {
	return f.count(ctx, o, a, "accepted", "refused")
}

// removed also says how long after the bundle was dropped the first handshake was refused.
func (f federating) removed(ctx context.Context, o *border, a *experiment.Arm) error {
	if err := o.federate(ctx); err != nil {
		return err
	}
	if err := f.count(ctx, o, a, "accepted_before", ""); err != nil {
		return err
	}
	began := time.Now()
	o.near.agent.Unfederate(foreignDomain)
	if !until(ctx, knockTime, func() bool { return o.cross(ctx, o.bold()) != nil }) {
		return errors.New("the server never refused")
	}
	a.Measures = append(a.Measures, experiment.Seconds("refused_after", time.Since(began)))
	return f.count(ctx, o, a, "accepted", "refused")
}

// crossSigned also counts whom a server lets in that asks for a chain to the root and for nothing else.
func (f federating) crossSigned(ctx context.Context, o *border, a *experiment.Arm) error {
	now := time.Now()
	svid, err := o.near.domain.CrossSign(o.far.domain, clientPath, 1, now.Add(-time.Minute), now.Add(time.Hour))
	if err != nil {
		return err
	}
	o.shown = svid
	if err := f.count(ctx, o, a, "accepted", "refused"); err != nil {
		return err
	}
	lax, err := openDoor(o.chainOnly(), nil)
	if err != nil {
		return err
	}
	defer lax.close()
	accepted := 0
	for range f.attempts {
		if _, err := knock(ctx, lax.address(), o.bold()); err == nil {
			accepted++
		}
	}
	a.Measures = append(a.Measures, experiment.Count("accepted_by_chain", "handshakes", accepted, f.attempts))
	return nil
}

// stale has the endpoint go on with the identity that the old authority has signed: a follower that has missed the
// rotation could not verify it otherwise, and would never fetch the new bundle.
func (f federating) stale(ctx context.Context, o *border, a *experiment.Arm) error {
	if err := o.federate(ctx); err != nil {
		return err
	}
	o.unfollow()
	if err := o.replace(ctx); err != nil {
		return err
	}
	if err := f.count(ctx, o, a, "accepted", "refused"); err != nil {
		return err
	}
	began := time.Now()
	if err := o.federate(ctx); err != nil {
		return err
	}
	if !until(ctx, knockTime, func() bool { return o.cross(ctx, o.bold()) == nil }) {
		return errors.New("the server never accepted again")
	}
	a.Measures = append(a.Measures, experiment.Seconds("accepted_again_after", time.Since(began)))
	return f.count(ctx, o, a, "accepted_after_refresh", "")
}

// count is of the handshakes that both clients make. Without a name the refused are not told.
func (f federating) count(ctx context.Context, o *border, a *experiment.Arm, accepted, refused string) error {
	honest, err := o.honest()
	if err != nil {
		return err
	}
	let, noted := 0, false
	for range f.attempts {
		for _, client := range []*tls.Config{honest, o.bold()} {
			err := o.cross(ctx, client)
			if err == nil {
				let++
			} else if client != honest && !noted {
				a.Notes, noted = append(a.Notes, err.Error()), true
			}
		}
	}
	all := 2 * f.attempts
	a.Measures = append(a.Measures, experiment.Count(accepted, "handshakes", let, all))
	if refused != "" {
		a.Measures = append(a.Measures, experiment.Count(refused, "handshakes", all-let, all))
	}
	return ctx.Err()
}
