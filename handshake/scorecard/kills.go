package scorecard

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
)

// killsEach is how often a server is killed.
const killsEach = 200

// killLoop is a server that is killed again and again.
type killLoop struct {
	*crashTest
	served atomic.Uint64 // newest generation that a handshake has shown
	failed atomic.Uint64
	count  atomic.Uint64
	chance *rand.Rand
	down   []time.Duration
}

// kills kills a server at points of its rotations that chance chooses, and compares what it serves when it is back with
// the newest generation that anybody has seen.
func (r *runner) kills(ctx context.Context, t Target) (*Kills, error) {
	t.Command = t.Supervised
	room, p, err := r.open(ctx, t, rotation.Rename)
	if err != nil {
		return nil, err
	}
	defer room.leave()
	k := &killLoop{
		crashTest: &crashTest{process: p, plane: room.planes(t)[0], zero: time.Now(), Crash: Crash{How: "kill"}},
		chance:    rand.New(rand.NewPCG(r.Seed, 1)),
	}
	defer func() { k.kill() }()
	stop := k.client(ctx)
	out := &Kills{}
	for out.Kills < killsEach && ctx.Err() == nil {
		if err := k.again(ctx, uint64(out.Kills)+2, out); err != nil {
			stop()
			return nil, err
		}
		out.Kills++
	}
	stop()
	out.Handshakes, out.Failed, out.Down = k.count.Load(), k.failed.Load(), quantiles(k.down)
	return out, ctx.Err()
}

// client makes one handshake after the other until it is stopped.
func (k *killLoop) client(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			k.handshake(ctx)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// handshake is one of the client's. Between two that fail it waits, as nobody listens.
func (k *killLoop) handshake(ctx context.Context) {
	seen := k.plane.probe(ctx, k.zero)
	if ctx.Err() != nil {
		return
	}
	k.count.Add(1)
	if !seen.served() {
		k.failed.Add(1)
		wait(ctx, time.Millisecond, nil)
		return
	}
	for newest := k.served.Load(); seen.Generation > newest && !k.served.CompareAndSwap(newest, seen.Generation); {
		newest = k.served.Load()
	}
}

// again rotates to a generation and kills the server somewhere in between. The writer lives on.
func (k *killLoop) again(ctx context.Context, generation uint64, out *Kills) error {
	m, err := k.room.authority.Issue(generation)
	if err != nil {
		return err
	}
	steps := k.room.place.Steps(m)
	cut := k.chance.IntN(len(steps) + 1)
	if _, err := rotation.Take(steps[:cut]); err != nil {
		return err
	}
	if cut == len(steps) {
		go k.told(ctx) // its answer may never come
	}
	wait(ctx, time.Duration(k.chance.Int64N(int64(40*time.Millisecond))), nil)
	if err := k.die(ctx); err != nil {
		return err
	}
	k.Before, k.After, k.Why = k.served.Load(), 0, ""
	k.back(ctx)
	switch {
	case k.After == 0:
		out.Mute++
	case k.After < k.Before:
		out.Regressed++
	}
	k.down = append(k.down, k.Down)
	if _, err := rotation.Take(steps[cut:]); err != nil {
		return err
	}
	k.told(ctx)
	return nil
}
