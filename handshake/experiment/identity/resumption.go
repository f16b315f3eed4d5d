package identity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// resuming is how the experiment resumption goes.
type resuming struct {
	ttl   time.Duration
	costs int           // handshakes whose CPU time is taken, of each kind
	every time.Duration // between two attempts of the client that should be refused
}

func resumption() experiment.Experiment {
	r := resuming{ttl: 6 * time.Second, costs: 150, every: 20 * time.Millisecond}
	return experiment.Experiment{
		Name:  "resumption",
		Title: "Withdrawn identities that come back by resumption",
		Doc: "A client that keeps its identity and its session comes back after the server's bundle has lost the authority that signed it, " +
			"and again after the authoriser has begun to deny everybody, until its identity expires. Accepted is who gets the server's byte.",
		Takes: 60 * time.Second,
		Run:   r.run,
	}
}

func (r resuming) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	for _, setting := range []struct {
		resumption string
		role       experiment.Role
		doc        string
	}{
		{spiffe.Default, experiment.Published, "as go-spiffe leaves it: verified on full handshakes only"},
		{spiffe.Off, "", "no session tickets"},
		{spiffe.Recheck, "", "every connection is verified and authorised"},
		{spiffe.Epoch, experiment.Reference, "a ticket is good for as long as bundle and policy stay what they were"},
	} {
		b.Speak("resumption: " + setting.resumption)
		a := experiment.Arm{Name: setting.resumption, Role: setting.role, Doc: setting.doc}
		if err := r.arm(ctx, b, &a); err != nil {
			return arms, err
		}
		arms = append(arms, a)
	}
	return arms, ctx.Err()
}

// arm measures one setting, named by the arm.
func (r resuming) arm(ctx context.Context, b experiment.Bench, a *experiment.Arm) error {
	estate, err := found(b, workloads(r.ttl)...)
	if err != nil {
		return err
	}
	defer estate.agent.Stop()
	sources, err := estate.pair(ctx, nil)
	if err != nil {
		return err
	}
	defer sources.close()
	policy := spiffe.NewPolicy(tlsconfig.AuthorizeMemberOf(estate.domain.Name()))
	serving, err := spiffe.ServerConfig(sources.server, policy.Authorize, a.Name, policy.Number)
	if err != nil {
		return err
	}
	t := returns{resuming: r, agent: estate.agent, pair: sources, policy: policy, book: newRegister()}
	if t.door, err = openDoor(serving, func(s tls.ConnectionState) { t.book.handshake(s, time.Now()) }); err != nil {
		return err
	}
	defer t.door.close()
	return t.all(ctx, a)
}

// returns is what became of clients that came back.
type returns struct {
	resuming
	agent  *spiffe.Agent
	pair   pair
	policy *spiffe.Policy
	door   *door
	book   *register

	resumed, offered int           // before an event: handshakes that resumed, of those that could
	stale, attempts  int           // after it
	last             time.Duration // after its event, of the last that was accepted
}

func (t *returns) all(ctx context.Context, a *experiment.Arm) error {
	cost, err := t.cost(ctx)
	if err != nil {
		return err
	}
	withdrawn := func(s *x509svid.SVID) bool { _, _, err := x509svid.Verify(s.Certificates, t.pair.server); return err != nil }
	ofBundle, err := t.event(ctx, t.agent.Withdraw, withdrawn)
	if err != nil {
		return err
	}
	t.agent.Restore()
	denied := func() { t.policy.Set(func(spiffeid.ID, [][]*x509.Certificate) error { return errors.New("nobody is admitted") }) }
	ofPolicy, err := t.event(ctx, denied, func(*x509svid.SVID) bool { return true })
	if err != nil {
		return err
	}
	a.Measures = append(cost,
		experiment.Count("resumed", "handshakes", t.resumed, t.offered),
		experiment.Count("attempts", "handshakes", t.attempts, t.attempts),
		experiment.Count("stale_accepts", "handshakes", t.stale, t.attempts),
		experiment.Count("stale_accepts_bundle", "handshakes", ofBundle, t.attempts),
		experiment.Count("stale_accepts_policy", "handshakes", ofPolicy, t.attempts))
	if t.stale > 0 {
		a.Measures = append(a.Measures, experiment.Seconds("last_stale", t.last))
	} else {
		a.Notes = append(a.Notes, "last_stale: nobody was accepted after an event")
	}
	ages, missing := t.book.ages()
	a.Measures, a.Notes = append(a.Measures, ages...), append(a.Notes, missing...)
	return nil
}

// keeper is a client that presents one identity for ever, takes any server, and keeps its sessions if there are any.
func keeper(svid *x509svid.SVID, sessions tls.ClientSessionCache) *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		InsecureSkipVerify:   true,
		ServerName:           trustDomain,
		GetClientCertificate: tlsconfig.GetClientCertificate(svid),
		ClientSessionCache:   sessions,
	}
}

// young waits for an identity of the client that the server takes and that has just been issued.
func (t *returns) young(ctx context.Context) (svid *x509svid.SVID, err error) {
	serial := t.pair.client.Serial()
	t.agent.Rotate()
	ok := until(ctx, t.ttl, func() bool {
		if svid, err = t.pair.client.GetX509SVID(); err != nil || t.pair.client.Serial() == serial {
			return false
		}
		_, _, err = x509svid.Verify(svid.Certificates, t.pair.server)
		return err == nil
	})
	if !ok {
		return nil, errors.Join(errors.New("no new identity came"), err, ctx.Err())
	}
	return svid, nil
}

// event lets a client make a session, makes something happen, waits until the server knows, and has the client come
// back until its identity is over. It returns how often it was accepted.
func (t *returns) event(ctx context.Context, happen func(), known func(*x509svid.SVID) bool) (stale int, err error) {
	svid, err := t.young(ctx)
	if err != nil {
		return 0, err
	}
	config := keeper(svid, tls.NewLRUClientSessionCache(0))
	for i := range 3 {
		s, err := knock(ctx, t.door.address(), config)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			t.offered++
			t.resumed += one(s.DidResume)
		}
	}
	happen()
	if !until(ctx, t.ttl, func() bool { return known(svid) }) {
		return 0, errors.Join(errors.New("the server has not heard of the event"), ctx.Err())
	}
	for began := time.Now(); time.Now().Before(svid.Certificates[0].NotAfter) && pause(ctx, t.every); t.attempts++ {
		if _, err := knock(ctx, t.door.address(), config); err == nil {
			stale, t.last = stale+1, max(t.last, time.Since(began))
		}
	}
	t.stale += stale
	return stale, ctx.Err()
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// cost is the CPU time of this process for a full handshake and, where there are any, for a resumed one: of client and
// server together.
func (t *returns) cost(ctx context.Context) (all []experiment.Measure, err error) {
	svid, err := t.young(ctx)
	if err != nil {
		return nil, err
	}
	resuming := keeper(svid, tls.NewLRUClientSessionCache(0))
	if _, err := knock(ctx, t.door.address(), resuming); err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		name   string
		config *tls.Config
		want   handshake.Kind
	}{{"full_cpu", keeper(svid, nil), handshake.Full}, {"resumed_cpu", resuming, handshake.Resumed}} {
		before, made := handshake.ReadCPU(), 0
		for range t.costs {
			s, err := knock(ctx, t.door.address(), kind.config)
			if err != nil {
				return nil, err
			}
			made += one(kindOf(s) == kind.want)
		}
		if took := handshake.ReadCPU().Sub(before).Total(); made == t.costs {
			all = append(all, experiment.Measure{Name: kind.name, Unit: "s", Value: took.Seconds() / float64(made), Of: uint64(made)})
		}
	}
	return all, nil
}
