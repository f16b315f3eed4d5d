package identity

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// pushing is how the experiment push goes.
type pushing struct {
	ttl        time.Duration
	halves     int // how many half-lives
	bystanders int // workloads of other users, which the agent renews beside the server and the client
	callers    int
}

func push() experiment.Experiment {
	p := pushing{ttl: 2 * time.Second, halves: 100, bystanders: 14, callers: 2}
	return experiment.Experiment{
		Name:  "push",
		Title: "From a pushed identity to the first handshake with it",
		Doc: "The agent renews identities that live for 2 s at half of it, 100 times, and pushes them. Meanwhile one client makes full handshakes in closed loop, " +
			"which show which identity the server has, and two make gRPC calls about every millisecond over connections that the server ends after a quarter of the life.",
		Takes: 110 * time.Second,
		Run:   p.run,
	}
}

func (p pushing) run(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
	entries := workloads(p.ttl)
	for i := range p.bystanders {
		entries = append(entries, spiffe.Entry{Path: fmt.Sprintf("/bystander/%d", i), UID: os.Getuid() + 1, TTL: p.ttl})
	}
	estate, err := found(b, entries...)
	if err != nil {
		return nil, err
	}
	defer estate.agent.Stop()
	sources, err := estate.pair(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer sources.close()
	load := pushLoad{first: map[uint64]time.Time{}}
	if err := load.run(ctx, p, estate, sources); err != nil {
		return nil, err
	}
	return []experiment.Arm{load.arm(p, estate.agent.Pushes())}, ctx.Err()
}

// pushLoad is what went on while identities were pushed.
type pushLoad struct {
	tally
	first      map[uint64]time.Time // when a handshake first showed a generation
	handshakes int
	failed     int
	failure    error // of the last that failed, call or handshake
}

func (l *pushLoad) run(ctx context.Context, p pushing, e *estate, s pair) error {
	serving, asking, err := s.configs(e, spiffe.Off, spiffe.Off)
	if err != nil {
		return err
	}
	entrance, err := openDoor(serving, nil)
	if err != nil {
		return err
	}
	defer entrance.close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	desk := openOffice(listener, serving, newRegister(), grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: p.ttl / 4}))
	defer desk.close()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.halves)*p.ttl/2*21/20) // the jitter may add up
	defer cancel()
	l.load(ctx, p.callers, desk.address, entrance.address(), asking)
	return nil
}

// load calls and makes handshakes until ctx ends.
func (l *pushLoad) load(ctx context.Context, callers int, desk, entrance string, asking *tls.Config) {
	var calling sync.WaitGroup
	failures := make([]error, callers)
	for i := range callers {
		calling.Go(func() { failures[i] = callInTurn(ctx, desk, asking, &l.tally) })
	}
	for ctx.Err() == nil {
		l.look(ctx, entrance, asking)
	}
	calling.Wait()
	for _, err := range failures {
		if err != nil {
			l.failure = err
		}
	}
}

// look makes one handshake; one that the end interrupts does not count.
func (l *pushLoad) look(ctx context.Context, entrance string, asking *tls.Config) {
	s, err := knock(ctx, entrance, asking)
	now := time.Now()
	if ctx.Err() != nil {
		return
	}
	l.handshakes++
	if err != nil {
		l.failed, l.failure = l.failed+1, err
		return
	}
	serial := s.PeerCertificates[0].SerialNumber.Uint64()
	if _, seen := l.first[serial]; !seen {
		l.first[serial] = now
	}
}

// arm matches what was pushed with what was seen. What was never seen, such as the last push of all, is no rotation. A
// handshake may show an identity before the agent has written to its other streams: that took no time.
func (l *pushLoad) arm(p pushing, pushes []spiffe.Push) experiment.Arm {
	var took []time.Duration
	for _, push := range pushes {
		if at, seen := l.first[push.Serial]; seen && push.Path == serverPath && !push.At.IsZero() {
			took = append(took, max(0, at.Sub(push.At)))
		}
	}
	calls := l.calls.Load()
	a := experiment.Arm{Name: "agent", Role: experiment.Reference, Doc: "the lab's Workload API agent, sources of go-spiffe, tickets off"}
	a.Measures = append([]experiment.Measure{
		experiment.Count("rotations", "rotations", len(took), len(took)),
		experiment.Count("rpcs", "rpcs", int(calls), int(calls)),
		experiment.Count("failed_rpcs", "rpcs", int(l.tally.failed.Load()), int(calls)),
		experiment.Count("failed_handshakes", "handshakes", l.failed, l.handshakes),
	}, experiment.Quantiles("push", took)...)
	if spread, of := together(pushes, p.ttl/200); of > 0 {
		a.Measures = append(a.Measures, experiment.Measure{Name: "spread", Unit: "share", Value: spread, Of: of})
	}
	if l.failure != nil {
		a.Notes = append(a.Notes, "last failure: "+l.failure.Error())
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
