package scorecard

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/variant"
)

// Options say what targets are put through. The zero value is the whole catalogue, one trial after the other.
type Options struct {
	Injections []string       // names in [rotation.Catalogue]; nil: all
	Rotations  int            // of a soak; zero: none
	Crash      bool           // the matrix of crashes and the loop of kills, for targets with a supervisor
	Memory     bool           // look for retired keys after the soak
	AtOnce     int            // trials side by side; zero: 1. A soak has the machine to itself.
	Dir        string         // for what is temporary; empty: the system's
	Seed       uint64         // of what happens by chance
	Progress   func(Progress) // is told when something begins, by one goroutine at a time; nil: nobody is
}

// Progress is how far a run has come.
type Progress struct {
	Done, Of int
	Target   string
	Doing    string
}

// runner is a run that goes on.
type runner struct {
	Options
	ports atomic.Uint32
	mu    sync.Mutex
	done  int
	of    int
}

// job is one trial, or another thing that a process is put through.
type job struct {
	target int
	name   string
	long   time.Duration // how long it takes at least
	alone  bool
	do     func(context.Context) error
}

// Run puts every target through the catalogue and returns a card for each, in their order. A target that does not
// start is an error, of type [*variant.Error] where there is a remedy; what it does wrong later is a defect on its
// card. No process and no file is left when Run returns.
func Run(ctx context.Context, targets []Target, o Options) ([]Card, error) {
	injections, err := Injections(o.Injections)
	if err != nil {
		return nil, err
	}
	r := &runner{Options: o}
	r.ports.Store(rand.Uint32N(portsInTurn))
	if r.Dir == "" {
		r.Dir = os.TempDir()
	}
	cards := make([]Card, len(targets))
	var jobs []job
	for i, t := range targets {
		cards[i] = Card{Target: t.Name, Trials: make([]Trial, len(injections))}
		jobs = append(jobs, r.trials(i, t, injections, &cards[i])...)
		jobs = append(jobs, r.others(i, t, &cards[i])...)
	}
	return cards, r.all(ctx, targets, jobs)
}

// Injections are those of the catalogue with the names; all for none. The error names what there is.
func Injections(names []string) (chosen []rotation.Injection, err error) {
	catalogue := rotation.Catalogue()
	if len(names) == 0 {
		return catalogue, nil
	}
	var known []string
	for _, i := range catalogue {
		known = append(known, i.Name)
	}
	for _, name := range names {
		n := slices.Index(known, name)
		if n < 0 {
			return nil, &variant.Error{Err: fmt.Errorf("unknown injection %q", name), Hint: "there are " + strings.Join(known, ", ")}
		}
		chosen = append(chosen, catalogue[n])
	}
	return chosen, nil
}

// trials are one job for each injection, and one more: what was made while the machine was busy is made again, alone.
func (r *runner) trials(target int, t Target, injections []rotation.Injection, card *Card) (jobs []job) {
	for i, injection := range injections {
		jobs = append(jobs, job{target: target, name: injection.Name, long: length(injection), do: func(ctx context.Context) (err error) {
			card.Trials[i], err = r.trial(ctx, t, injection)
			return err
		}})
	}
	return append(jobs, job{target: target, name: "again, alone", alone: true, do: func(ctx context.Context) (err error) {
		for i := 0; i < len(injections) && err == nil; i++ {
			if card.Trials[i].Late > mostLate {
				card.Trials[i], err = r.trial(ctx, t, injections[i])
			}
		}
		return err
	}})
}

// length is for how long an injection's moves are watched at least; zero where that cannot be told.
func length(injection rotation.Injection) (d time.Duration) {
	authority, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256, name)
	if err != nil {
		return 0
	}
	moves, err := injection.Moves(rotation.Place{Dir: os.TempDir(), Method: injection.Place}, authority)
	if err != nil {
		return 0
	}
	for _, m := range moves {
		d += m.Hold
	}
	return d
}

// others are the jobs that are no trial.
func (r *runner) others(target int, t Target, card *Card) (jobs []job) {
	if r.Crash {
		jobs = append(jobs, r.matrix(target, t, card)...)
		jobs = append(jobs, job{target: target, name: "kills", long: time.Minute, do: func(ctx context.Context) (err error) {
			card.Kills, err = r.kills(ctx, t)
			return err
		}})
	}
	if r.Rotations == 0 {
		return jobs
	}
	memory := &card.Memory
	if !r.Memory {
		memory = nil
	}
	if !t.Commanded || t.Watches {
		jobs = append(jobs, job{target: target, name: "soak", alone: true, do: func(ctx context.Context) (err error) {
			card.Soak, err = r.soak(ctx, t, t.told(), memory)
			return err
		}})
		memory = nil // once
	}
	if t.Commanded {
		jobs = append(jobs, job{target: target, name: "soak by command", alone: true, do: func(ctx context.Context) (err error) {
			card.Command, err = r.soak(ctx, t, true, memory)
			return err
		}})
	}
	return jobs
}

// all does the jobs: those that may be side by side first, and of these the long ones first, then one after the other.
func (r *runner) all(ctx context.Context, targets []Target, jobs []job) error {
	r.of = len(jobs)
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(b.long, a.long) })
	together := slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return j.alone })
	alone := slices.DeleteFunc(jobs, func(j job) bool { return !j.alone })
	if err := r.sideBySide(ctx, targets, together); err != nil {
		return err
	}
	for _, j := range alone {
		if err := r.one(ctx, targets, j); err != nil {
			return err
		}
	}
	return nil
}

// sideBySide does jobs, so many at once, until the first error.
func (r *runner) sideBySide(ctx context.Context, targets []Target, jobs []job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan job)
	var workers sync.WaitGroup
	for range max(1, r.AtOnce) {
		workers.Go(func() {
			for j := range todo {
				if err := r.one(ctx, targets, j); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, j := range jobs {
		todo <- j
	}
	close(todo)
	workers.Wait()
	return context.Cause(ctx)
}

func (r *runner) one(ctx context.Context, targets []Target, j job) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.tell(targets[j.target].Name, j.name)
	if err := j.do(ctx); err != nil {
		return fmt.Errorf("%s: %s: %w", targets[j.target].Name, j.name, err)
	}
	return nil
}

func (r *runner) tell(target, doing string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Progress != nil {
		r.Progress(Progress{r.done, r.of, target, doing})
	}
	r.done++
}

// open starts a target in a room of its own. A port may be taken between its choice and the server's start, so the
// second try has others.
func (r *runner) open(ctx context.Context, t Target, method rotation.Method) (*room, *process, error) {
	for try := 1; ; try++ {
		room, err := furnish(r.Dir, method, &r.ports)
		if err != nil {
			return nil, nil, err
		}
		p, err := start(ctx, t, room)
		if err == nil {
			return room, p, nil
		}
		room.leave()
		if try == 2 || ctx.Err() != nil || !strings.Contains(err.Error(), "address already in use") {
			return nil, nil, err
		}
	}
}
