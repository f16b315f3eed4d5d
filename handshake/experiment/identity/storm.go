package identity

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// storming is how the experiment storm goes.
type storming struct {
	warmUp    int // rotations before anything is counted
	rotations int
	each      int // rotations to a handshake
	outages   int
	most      time.Duration // to wait for one rotation, or for the agent after an outage
}

func storm() experiment.Experiment {
	s := storming{warmUp: told * 3 / 4, rotations: 10_000, each: 10, outages: 100, most: 10 * time.Second}
	return experiment.Experiment{
		Name:  "storm",
		Title: "Rotations and outages by the thousand, and what they leave behind",
		Doc: "The agent issues and pushes a new identity as soon as server and client have the one before, 10000 times, with a handshake after every tenth; " +
			"then it goes away and comes back 100 times. What the process holds is counted before and after, agent and sources still running.",
		Takes: time.Minute,
		Run:   s.run,
	}
}

func (s storming) run(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
	estate, err := settle(ctx, b, &spiffe.Backoff{First: 5 * time.Millisecond, Most: 50 * time.Millisecond, Jitter: 0.2}, workloads(time.Hour)...)
	if err != nil {
		return nil, err
	}
	defer estate.close()
	serving, asking, err := estate.configs(spiffe.Off, spiffe.Off)
	if err != nil {
		return nil, err
	}
	door, err := openDoor(serving, nil)
	if err != nil {
		return nil, err
	}
	defer door.close()
	t := tempest{storming: s, estate: estate, door: door.address(), asking: asking}
	t.times(ctx, s.warmUp, t.rotate)
	t.times(ctx, min(s.outages, s.warmUp)/10, t.outage)
	b.Speak(fmt.Sprintf("storm: %d rotations", s.rotations))
	rotations := t.arm(ctx, "rotations", "rotations", s.rotations, t.rotate)
	b.Speak(fmt.Sprintf("storm: %d outages", s.outages))
	outages := t.arm(ctx, "outages", "outages", s.outages, t.outage)
	return []experiment.Arm{rotations, outages}, ctx.Err()
}

// tempest is a storm under way.
type tempest struct {
	storming
	estate  *estate
	door    string
	asking  *tls.Config
	failure error // the last
}

// arm does something many times between two footprints.
func (t *tempest) arm(ctx context.Context, name, unit string, n int, do func(context.Context, int) bool) experiment.Arm {
	a := experiment.Arm{Name: name, Role: experiment.Reference, Doc: "go-spiffe sources, a back-off of some milliseconds, no tickets"}
	t.failure = nil
	before := tread(ctx)
	count, failed := t.times(ctx, n, do)
	after := tread(ctx)
	a.Measures = append([]experiment.Measure{
		experiment.Count("count", unit, count, count),
		experiment.Count("failed", unit, failed, count),
	}, before.measures(after)...)
	if before.descriptors < 0 {
		a.Notes = append(a.Notes, "descriptors: there is no /proc/self/fd")
	}
	if t.failure != nil {
		a.Notes = append(a.Notes, "last failure: "+t.failure.Error())
	}
	return a
}

func (t *tempest) times(ctx context.Context, n int, do func(context.Context, int) bool) (count, failed int) {
	for ; count < n && ctx.Err() == nil; count++ {
		failed += one(!do(ctx, count))
	}
	return count, failed
}

// rotate issues new identities and waits until both sources have them; now and then it makes a handshake.
func (t *tempest) rotate(ctx context.Context, i int) bool {
	generation := t.estate.agent.Rotate()
	return t.arrive(ctx, generation) && (i%t.each > 0 || t.knock(ctx))
}

// outage stops the agent, starts it again and waits until both sources have what it issues then.
func (t *tempest) outage(ctx context.Context, _ int) bool {
	t.estate.agent.Stop()
	if err := t.estate.agent.Start(); err != nil {
		t.failure = err
		return false
	}
	return t.arrive(ctx, t.estate.agent.Rotate()) && t.knock(ctx)
}

func (t *tempest) arrive(ctx context.Context, generation uint64) bool {
	ok := until(ctx, t.most, func() bool { return t.estate.server.Serial() >= generation && t.estate.client.Serial() >= generation })
	if !ok {
		t.failure = fmt.Errorf("generation %d did not arrive within %v", generation, t.most)
	}
	return ok
}

func (t *tempest) knock(ctx context.Context) bool {
	_, err := knock(ctx, t.door, t.asking)
	if err != nil {
		t.failure = err
	}
	return err == nil
}
