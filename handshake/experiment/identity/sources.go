package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// sourcing is how the experiment sources goes.
type sourcing struct {
	rotations, slowly int           // of a source, and of one that takes seconds for each
	costs, costsSlow  int           // rotations whose CPU time is taken, likewise
	still             time.Duration // without rotations, by which the CPU time that passes anyhow is known
	ttl               time.Duration // of the identity that an outage outlives
	after             time.Duration // its end, handshakes go on
}

// Bounds of the experiment sources.
const (
	longLife   = time.Hour        // of identities that are not to expire
	rotateTime = 20 * time.Second // in which a rotation must show; one that has not is given up
)

func sources() experiment.Experiment {
	s := sourcing{rotations: 100, slowly: 20, costs: 40, costsSlow: 5, still: 2 * time.Second, ttl: 2 * time.Second, after: time.Second}
	return experiment.Experiment{
		Name:  "sources",
		Title: "Where a server's identity comes from",
		Doc: "The same authority issues identities that reach a server by files, by the Workload API, and without leaving the process, each as soon as the one before has been seen by a client that makes full handshakes in closed loop. " +
			"Then the issuer falls silent for longer than the identity lives.",
		Takes: 2*time.Minute + 30*time.Second,
		Run:   s.run,
	}
}

func (s sourcing) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	for _, c := range []sourceArm{
		{experiment.Arm{Name: "files", Role: experiment.Reference, Doc: "files behind the link ..data, as cert-manager's csi-driver mounts them, followed by the strategy " + reload.Reference},
			byFiles(reload.Reference), s.rotations, s.costs},
		{experiment.Arm{Name: "files-shipped", Role: experiment.Published, Doc: "the same files, followed by the strategy " + reload.NotifyShipped},
			byFiles(reload.NotifyShipped), s.slowly, s.costsSlow},
		{experiment.Arm{Name: "workload-api", Doc: "pushed by the agent to go-spiffe's X509Source"}, byWorkloadAPI, s.rotations, s.costs},
		{experiment.Arm{Name: "in-process", Doc: "issued in the server's process, straight into what its callback returns"}, inProcess, s.rotations, s.costs},
	} {
		b.Speak("sources: " + c.Name)
		if err := s.arm(ctx, b, &c); err != nil {
			return arms, fmt.Errorf("%s: %w", c.Name, err)
		}
		arms = append(arms, c.Arm)
	}
	return arms, ctx.Err()
}

type sourceArm struct {
	experiment.Arm
	open             func(supplyOptions) (*supply, error)
	rotations, costs int
}

// arm asks each question of a supply of its own.
func (s sourcing) arm(ctx context.Context, b experiment.Bench, c *sourceArm) error {
	for _, question := range []struct {
		ttl time.Duration
		ask func(context.Context, *supply, *sourceArm) error
	}{{longLife, s.rotate}, {longLife, s.cost}, {s.ttl, s.outlive}} {
		u, err := openSupply(ctx, b, question.ttl, c.open)
		if err != nil {
			return err
		}
		err = question.ask(ctx, u, c)
		u.close()
		if err != nil {
			return err
		}
	}
	return nil
}

// openSupply opens a supply with a directory and a trust domain of its own.
func openSupply(ctx context.Context, b experiment.Bench, ttl time.Duration, open func(supplyOptions) (*supply, error)) (*supply, error) {
	dir, err := os.MkdirTemp(b.Dir, "")
	if err != nil {
		return nil, err
	}
	domain, err := spiffe.NewDomain(trustDomain, handshake.ECDSAP256, time.Now())
	if err != nil {
		return nil, err
	}
	return open(supplyOptions{ctx, dir, domain, ttl, b.Seed})
}

// rotate measures the time from when an identity exists to the end of the first handshake that shows it.
func (s sourcing) rotate(ctx context.Context, u *supply, a *sourceArm) error {
	d, err := openDoor(u.config, nil)
	if err != nil {
		return err
	}
	defer d.close()
	w := watch(ctx, d.address(), u.client())
	defer w.close()
	var took []time.Duration
	for range a.rotations {
		serial, issued, err := u.issue(longLife)
		if err != nil {
			return err
		}
		if seen, ok := w.sees(ctx, serial); ok {
			took = append(took, seen.Sub(issued))
		}
	}
	w.close()
	a.Measures = append(a.Measures, experiment.Quantiles("issue_to_first", took)...)
	a.Measures = append(a.Measures,
		experiment.Count("unseen", "rotations", a.rotations-len(took), a.rotations),
		experiment.Count("failed_handshakes", "handshakes", w.failed, w.made))
	if w.failed > 0 {
		a.Notes = append(a.Notes, w.failure.Error())
	}
	return ctx.Err()
}

// cost measures the CPU time that a rotation takes this process, the issuer's part included, without handshakes. What
// passes without rotations is taken off; where that is most of it, nothing is said.
func (s sourcing) cost(ctx context.Context, u *supply, a *sourceArm) error {
	before := handshake.ReadCPU()
	if !pause(ctx, s.still) {
		return ctx.Err()
	}
	idle := float64(handshake.ReadCPU().Sub(before).Total()) / float64(s.still)
	began, before := time.Now(), handshake.ReadCPU()
	for range a.costs {
		if err := u.rotated(ctx); err != nil {
			a.Notes = append(a.Notes, "cpu_per_rotation: "+err.Error())
			return ctx.Err()
		}
	}
	spent := float64(handshake.ReadCPU().Sub(before).Total())
	anyhow := idle * float64(time.Since(began))
	if anyhow > spent/2 {
		a.Notes = append(a.Notes, "cpu_per_rotation: most of the time would have passed without rotations")
		return nil
	}
	each := experiment.Seconds("cpu_per_rotation", time.Duration((spent-anyhow)/float64(a.costs)))
	each.Of = uint64(a.costs)
	a.Measures = append(a.Measures, each)
	return nil
}

// rotated issues an identity and waits until the server has it.
func (u *supply) rotated(ctx context.Context) error {
	select {
	case <-u.adopted: // of before
	default:
	}
	if _, _, err := u.issue(longLife); err != nil {
		return err
	}
	select {
	case <-u.adopted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rotateTime):
		return errors.New("a rotation was not adopted")
	}
}

// outlive stops the issuer and makes handshakes until some time after the last identity has expired.
func (s sourcing) outlive(ctx context.Context, u *supply, a *sourceArm) error {
	d, err := openDoor(u.config, nil)
	if err != nil {
		return err
	}
	defer d.close()
	u.halt()
	expires := u.expires()
	var served, broken, accepted, refused int
	for time.Now().Before(expires.Add(s.after)) && ctx.Err() == nil {
		expired := time.Now().After(expires)
		_, err := knock(ctx, d.address(), u.client())
		switch {
		case err == nil && expired:
			accepted++
		case err == nil:
			served++
		case expired:
			if refused++; refused == 1 {
				a.Notes = append(a.Notes, "expired: "+err.Error())
			}
		case time.Now().Before(expires): // otherwise it expired meanwhile
			broken++
		}
	}
	a.Measures = append(a.Measures,
		experiment.Count("served_through_outage", "yes", one(served > 0 && broken == 0), 1),
		experiment.Count("expired_after_outage", "yes", one(refused > 0 && accepted == 0), 1),
		experiment.Count("accepted_expired", "handshakes", accepted, refused+accepted))
	return ctx.Err()
}

// watcher is a client that makes handshakes in closed loop.
type watcher struct {
	seen         chan sighting
	cancel       context.CancelFunc
	running      sync.WaitGroup
	made, failed int   // once it is closed
	failure      error // likewise: the last one
}

// sighting is the end of the first handshake that showed a serial number.
type sighting struct {
	serial uint64
	at     time.Time
}

func watch(ctx context.Context, address string, client *tls.Config) *watcher {
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{seen: make(chan sighting, 1), cancel: cancel}
	w.running.Go(func() { w.run(ctx, address, client) })
	return w
}

func (w *watcher) run(ctx context.Context, address string, client *tls.Config) {
	var serial uint64
	for ctx.Err() == nil {
		state, err := knock(context.WithoutCancel(ctx), address, client) // which has a time limit of its own
		at := time.Now()
		w.made++
		if err != nil {
			w.failed++
			w.failure = err
			continue
		}
		shown := state.PeerCertificates[0].SerialNumber.Uint64()
		if shown == serial {
			continue
		}
		serial = shown
		select {
		case w.seen <- sighting{serial, at}:
		case <-ctx.Done():
		}
	}
}

// sees waits for a serial number, and returns when it was seen first.
func (w *watcher) sees(ctx context.Context, serial uint64) (time.Time, bool) {
	patience := time.NewTimer(rotateTime)
	defer patience.Stop()
	for {
		select {
		case s := <-w.seen:
			if s.serial == serial {
				return s.at, true
			}
		case <-patience.C:
			return time.Time{}, false
		case <-ctx.Done():
			return time.Time{}, false
		}
	}
}

func (w *watcher) close() {
	w.cancel()
	w.running.Wait()
}

// client takes the server only, and has no sessions to resume.
func (u *supply) client() *tls.Config {
	server := spiffeid.RequireFromPath(u.domain.Name(), serverPath)
	return tlsconfig.TLSClientConfig(u.domain, tlsconfig.AuthorizeID(server))
}
