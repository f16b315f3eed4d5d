package identity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
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
	ttl    time.Duration
	rounds int           // in which CPU time is taken, of each arm in turn
	costs  int           // handshakes of each kind in one round
	every  time.Duration // between two attempts of the client that should be refused
}

func resumption() experiment.Experiment {
	r := resuming{ttl: 6 * time.Second, rounds: 20, costs: 10, every: 20 * time.Millisecond}
	return experiment.Experiment{
		Name:  "resumption",
		Title: "Withdrawn identities that come back by resumption",
		Doc: "A client that keeps its identity and its session comes back after the server's bundle has lost the authority that signed it, " +
			"and again after the authoriser has begun to deny everybody, until its identity expires. Accepted is who gets the server's byte.",
		Takes: 20 * time.Second,
		Run:   r.run,
	}
}

func (r resuming) run(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
	arms := []experiment.Arm{
		{Name: spiffe.Default, Role: experiment.Published, Doc: "as go-spiffe leaves it: verified on full handshakes only"},
		{Name: spiffe.Off, Doc: "no session tickets"},
		{Name: spiffe.Recheck, Doc: "every connection is verified and authorised"},
		{Name: spiffe.Epoch, Role: experiment.Reference, Doc: "a ticket is good for as long as bundle and policy stay what they were"},
	}
	all := make([]*returns, len(arms))
	for i := range arms {
		t, err := r.open(ctx, b, arms[i].Name)
		if err != nil {
			return nil, err
		}
		defer t.close()
		all[i] = t
	}
	b.Speak("resumption: what handshakes cost")
	for range r.rounds {
		for _, t := range all {
			if err := t.spend(ctx); err != nil {
				return nil, err
			}
		}
	}
	b.Speak("resumption: events, all arms at once")
	errs := make([]error, len(arms))
	var running sync.WaitGroup
	for i, t := range all {
		running.Go(func() { errs[i] = t.events(ctx, &arms[i]) })
	}
	running.Wait()
	return arms, errors.Join(errs...)
}

// returns is a server and what became of clients that came back to it.
type returns struct {
	resuming
	estate *estate
	policy *spiffe.Policy
	door   *door
	book   register

	full, again      expense       // before any event
	resumed, offered int           // before an event: handshakes that resumed, of those that could
	last             time.Duration // after its event, of the last that was accepted
}

func (r resuming) open(ctx context.Context, b experiment.Bench, resumption string) (t *returns, err error) {
	t = &returns{resuming: r}
	if t.estate, err = settle(ctx, b, nil, workloads(r.ttl)...); err != nil {
		return nil, err
	}
	t.policy = spiffe.NewPolicy(tlsconfig.AuthorizeMemberOf(t.estate.domain.Name()))
	config, err := spiffe.ServerConfig(t.estate.server, t.policy.Authorize, resumption, t.policy.Number)
	if err == nil {
		t.door, err = openDoor(config, func(s tls.ConnectionState) { t.book.handshake(kindOf(s), s.PeerCertificates[0], time.Now()) })
	}
	if err != nil {
		t.estate.close()
	}
	return t, err
}

func (t *returns) close() {
	t.door.close()
	t.estate.close()
}

// events are the two: the bundle without the authority, then the authoriser that denies everybody.
func (t *returns) events(ctx context.Context, a *experiment.Arm) error {
	withdrawn := func(s *x509svid.SVID) bool {
		_, _, err := x509svid.Verify(s.Certificates, t.estate.server)
		return err != nil
	}
	ofBundle, afterBundle, err := t.event(ctx, t.estate.agent.Withdraw, withdrawn)
	if err != nil {
		return err
	}
	t.estate.agent.Restore()
	nobody := func(spiffeid.ID, [][]*x509.Certificate) error { return errors.New("nobody is admitted") }
	ofPolicy, afterPolicy, err := t.event(ctx, func() { t.policy.Set(nobody) }, func(*x509svid.SVID) bool { return true })
	if err != nil {
		return err
	}
	attempts := afterBundle + afterPolicy
	a.Measures = append(t.full.measures("full_cpu"), t.again.measures("resumed_cpu")...)
	a.Measures = append(a.Measures,
		experiment.Count("resumed", "handshakes", t.resumed, t.offered),
		experiment.Count("attempts", "handshakes", attempts, attempts),
		experiment.Count("stale_accepts", "handshakes", ofBundle+ofPolicy, attempts),
		experiment.Count("stale_accepts_bundle", "handshakes", ofBundle, afterBundle),
		experiment.Count("stale_accepts_policy", "handshakes", ofPolicy, afterPolicy))
	if t.last > 0 {
		a.Measures = append(a.Measures, experiment.Seconds("last_stale", t.last))
	} else {
		a.Notes = append(a.Notes, "last_stale: nobody was accepted after an event")
	}
	ages, notes := t.book.ages()
	a.Measures, a.Notes = append(a.Measures, ages...), append(a.Notes, notes...)
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
	serial := t.estate.client.Serial()
	t.estate.agent.Rotate()
	ok := until(ctx, t.ttl, func() bool {
		if svid, err = t.estate.client.GetX509SVID(); err != nil || t.estate.client.Serial() == serial {
			return false
		}
		_, _, err = x509svid.Verify(svid.Certificates, t.estate.server)
		return err == nil
	})
	if !ok {
		return nil, errors.Join(errors.New("no new identity came"), err, ctx.Err())
	}
	return svid, nil
}

// event lets a client make a session, makes something happen, waits until the server knows, and has the client come
// back until its identity is over. It returns how often it was accepted, of how many attempts.
func (t *returns) event(ctx context.Context, happen func(), known func(*x509svid.SVID) bool) (stale, attempts int, err error) {
	svid, err := t.young(ctx)
	if err != nil {
		return 0, 0, err
	}
	config := keeper(svid, tls.NewLRUClientSessionCache(0))
	if err := t.session(ctx, config); err != nil {
		return 0, 0, err
	}
	happen()
	if !until(ctx, t.ttl, func() bool { return known(svid) }) {
		return 0, 0, errors.Join(errors.New("the server has not heard of the event"), ctx.Err())
	}
	for began := time.Now(); time.Now().Before(svid.Certificates[0].NotAfter) && pause(ctx, t.every); attempts++ {
		if _, err := knock(ctx, t.door.address(), config); err == nil {
			stale, t.last = stale+1, max(t.last, time.Since(began))
		}
	}
	return stale, attempts, ctx.Err()
}

// session makes one, and comes back twice while nothing has happened.
func (t *returns) session(ctx context.Context, config *tls.Config) error {
	for i := range 3 {
		s, err := knock(ctx, t.door.address(), config)
		if err != nil {
			return err
		}
		if i > 0 {
			t.offered++
			t.resumed += one(s.DidResume)
		}
	}
	return nil
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// expense is the CPU time of this process for handshakes: of client and server together.
type expense struct {
	took time.Duration
	made int // of the kind that was wanted
	all  int
}

// measures leave out what was not always of the kind.
func (e expense) measures(name string) []experiment.Measure {
	if e.all == 0 || e.made < e.all {
		return nil
	}
	return []experiment.Measure{{Name: name, Unit: "s", Value: e.took.Seconds() / float64(e.made), Of: uint64(e.made)}}
}

// spend makes full handshakes and, where there are tickets, resumed ones.
func (t *returns) spend(ctx context.Context) error {
	svid, err := t.young(ctx)
	if err != nil {
		return err
	}
	resuming := keeper(svid, tls.NewLRUClientSessionCache(0))
	if _, err := knock(ctx, t.door.address(), resuming); err != nil {
		return err
	}
	if err := t.take(ctx, keeper(svid, nil), handshake.Full, &t.full); err != nil {
		return err
	}
	return t.take(ctx, resuming, handshake.Resumed, &t.again)
}

func (t *returns) take(ctx context.Context, config *tls.Config, want handshake.Kind, e *expense) error {
	before := handshake.ReadCPU()
	for range t.costs {
		s, err := knock(ctx, t.door.address(), config)
		if err != nil {
			return err
		}
		e.all++
		e.made += one(kindOf(s) == want)
	}
	e.took += handshake.ReadCPU().Sub(before).Total()
	return nil
}
