package lab

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/scenarios"
)

// adoptTime is how long an injection waits after a move that is to be adopted.
const adoptTime = time.Second

// change is one rotation, or one move of an injection.
type change struct {
	at         time.Duration // since the begin of the load; later where the one before it is not over
	generation uint64
	steps      []rotation.Step
	want       rotation.Expectation // keep or any; empty: it is to be adopted
	hold       time.Duration        // how long the next one waits
}

// changes are what the variant's disturbance does during a load; nil: nothing. What must be issued for them is issued
// here, so that a key is made while something is measured only where the load outlasts its plan.
func (f *files) changes(v scenarios.Variant, job loadgen.Job) (iter.Seq2[change, error], error) {
	if f == nil || len(v.Disturb) == 0 {
		return nil, nil
	}
	d := v.Disturb[0]
	if d.Inject != "" {
		return f.moves(v, d.At)
	}
	lasts, turns := length(job.Load), job.Turns
	if turns != nil && job.Load.Loop == loadgen.Closed { // whose turns end when they end: the other one's are rotated as well
		lasts, turns = 2*lasts, nil
	}
	if _, err := f.supply.generation(uint64(lasts/d.Every) + 2); err != nil {
		return nil, err
	}
	return f.rotations(d.Every, turns), nil
}

// length is how long a load lasts by its plan; zero where a number of handshakes ends it.
func length(load loadgen.Load) (d time.Duration) {
	for _, p := range load.Phases {
		d += p.Length
	}
	return d + load.Length
}

// rotations go on for ever, in the turns of an open loop.
func (f *files) rotations(every time.Duration, turns *loadgen.Turns) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for n := uint64(1); ; n++ {
			m, err := f.supply.generation(n + 1)
			if !yield(change{at: turns.At(time.Duration(n) * every), generation: n + 1, steps: f.place.Steps(m)}, err) || err != nil {
				return
			}
		}
	}
}

// moves are those of the variant's injection.
func (f *files) moves(v scenarios.Variant, at time.Duration) (iter.Seq2[change, error], error) {
	injection, err := injectionOf(v)
	if err != nil {
		return nil, err
	}
	moves, err := injection.Moves(f.place, f.supply.authority)
	if err != nil {
		return nil, fmt.Errorf("injection %s: %w", injection.Name, err)
	}
	return func(yield func(change, error) bool) {
		for _, m := range moves {
			c := change{at: at, generation: m.Generation, steps: m.Steps, want: m.Want, hold: m.Hold}
			if m.Want == rotation.Adopt {
				c.want, c.hold = "", max(m.Hold, adoptTime)
			}
			if !yield(c, nil) {
				return
			}
		}
	}, nil
}

// injectionOf is what is injected into a variant's blocks.
func injectionOf(v scenarios.Variant) (rotation.Injection, error) {
	all, name := rotation.Catalogue(), v.Disturb[0].Inject
	i := slices.IndexFunc(all, func(i rotation.Injection) bool { return i.Name == name })
	if i < 0 {
		return rotation.Injection{}, fmt.Errorf("variant %s: there is no injection %q", v.Name, name)
	}
	return all[i], nil
}
