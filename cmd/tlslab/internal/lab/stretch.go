package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// grace is what a child may take beyond the time that its step lasts by design: the server waits as long for
// connections that do not close.
const grace = 40 * time.Second

// profileWindow is how long one CPU profile lasts; a stretch has as many as fit.
const profileWindow = time.Second

// stretch is the measured part of a block, from a warm and quiet start to a quiet end.
type stretch struct {
	variant   string
	place     placement
	profiled  bool
	server    *variant.Process
	generator *generator
	observer  instrument // nil: the block is not observed
	writer    *writer    // nil: its certificate does not change

	before  machine
	block   results.Block
	profile [][]byte // of windows, back to back
	watch   watch    // under way; nil: none
	watched *watched
}

// measure takes the steps, none of which may last for ever: a child that is stopped or stuck ends the block.
func (s *stretch) measure(ctx context.Context) error { return together(ctx, []*stretch{s}) }

// step is one of a stretch. All of one kind are taken before the first of the next kind.
type step struct {
	what string
	last time.Duration // by design, for each stretch
	do   func(*stretch, context.Context) error
	turn bool // all stretches take it at once
}

func steps(job loadgen.Job) []step {
	return []step{
		{what: "the load generator's warm-up", last: job.LongestWarmup(), do: (*stretch).warm},
		{what: "the server's profiler", do: (*stretch).startProfile},
		{what: "the observer", do: (*stretch).observe},
		{what: "the quiet begin of the server's books", do: (*stretch).begin},
		{what: "the load generator", last: job.Longest(), do: (*stretch).load, turn: true},
		{what: "the quiet end of the server's books", do: (*stretch).end},
		{what: "the observer's account", do: (*stretch).observed},
		{what: "the server's profile", do: (*stretch).stopProfile},
	}
}

// together measures stretches that are alive at once: their load takes turns, every other step is taken one stretch
// after the other.
func together(ctx context.Context, all []*stretch) error {
	for _, s := range all {
		alive, cancel := whileAlive(ctx, s.server)
		defer cancel()
		defer s.leave(context.WithoutCancel(ctx))
		ctx = alive
	}
	defer stepAside(all[0].place.client)()
	for _, step := range steps(all[0].generator.job) {
		if err := step.take(ctx, all); err != nil {
			return blame(all, err)
		}
	}
	return nil
}

// blame finds the stretch whose server has died, where one has: the others break because of that.
func blame(all []*stretch, err error) error {
	for _, s := range all {
		var died *Violation
		if cause := s.cause(err); errors.As(cause, &died) {
			return cause
		}
	}
	return err
}

func (p step) take(ctx context.Context, all []*stretch) error {
	last := p.last * time.Duration(len(all))
	if last < p.last { // for ever
		last = p.last
	}
	one := func(ctx context.Context, s *stretch) error {
		return within(ctx, last, p.what, func(ctx context.Context) error { return p.do(s, ctx) })
	}
	if p.turn {
		return atOnce(ctx, all, one)
	}
	for _, s := range all {
		if err := one(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// atOnce does something to all stretches at once, and returns the first error, which ends the others.
func atOnce(ctx context.Context, all []*stretch, do func(context.Context, *stretch) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, s := range all {
		running.Go(func() {
			if err := do(ctx, s); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (s *stretch) warm(ctx context.Context) error { return s.generator.warm(ctx) }

func (s *stretch) startProfile(ctx context.Context) error {
	if !s.profiled {
		return nil
	}
	return s.refused(s.server.StartProfiles(ctx, profileWindow))
}

func (s *stretch) observe(ctx context.Context) (err error) {
	if s.observer != nil {
		s.watch, err = s.observer.begin(ctx, s.server)
	}
	return err
}

func (s *stretch) observed(ctx context.Context) (err error) {
	if s.watch == nil {
		return nil
	}
	w := s.watch
	s.watch = nil
	if s.watched, err = w.end(ctx); err != nil {
		return err
	}
	countCollections(s.watched.account, s.block.Server)
	return nil
}

// leave ends a watch that the stretch did not live to see the end of.
func (s *stretch) leave(ctx context.Context) {
	if s.watch != nil {
		_, _ = s.watch.end(ctx) // nothing of this block is kept
	}
}

func (s *stretch) begin(ctx context.Context) error { return s.refused(s.server.Begin(ctx)) }

func (s *stretch) load(ctx context.Context) (err error) {
	s.block.Started = time.Now().UTC()
	s.before = readMachine(s.place)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := s.writer.begin(ctx, cancel)
	s.block.Client, err = s.generator.run(ctx)
	s.block.Rotations = end()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	return standard(s.block.Client.Seen)
}

func (s *stretch) end(ctx context.Context) (err error) {
	if s.block.Server, err = s.server.End(ctx); err != nil {
		return s.refused(err)
	}
	s.block.System, s.block.Gaps = readMachine(s.place).since(s.before)
	return nil
}

func (s *stretch) stopProfile(ctx context.Context) (err error) {
	if !s.profiled {
		return nil
	}
	windows, err := s.server.StopProfiles(ctx)
	for _, one := range windows {
		s.profile = append(s.profile, one.Data)
	}
	return s.refused(err)
}

// refused is a server that lives but cannot do what it is asked to, such as to end its books while connections are
// open.
func (s *stretch) refused(err error) error {
	select {
	case <-s.server.Done():
		return err
	default:
	}
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Violation{
		What: fmt.Sprintf("the server of %s could not: %v", s.variant, err),
		Hint: "nothing was kept from this block; finish the run with --continue",
	}
}

// whileAlive ends the context when the server dies, so that nothing waits for a generator that talks to nobody.
func whileAlive(ctx context.Context, p *variant.Process) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// within does something that lasts so long by design, and gives up on it after some grace.
func within(ctx context.Context, last time.Duration, what string, do func(context.Context) error) error {
	limit := last + grace
	if limit < last { // for ever
		limit = last
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &Violation{
		What: fmt.Sprintf("%s did not end in %v", what, limit),
		Hint: "a process was stopped or is stuck; finish the run with --continue",
	})
	defer cancel()
	err := do(ctx)
	var late *Violation
	if err != nil && errors.As(context.Cause(ctx), &late) {
		return late
	}
	return err
}

// cause prefers the death of the server to what it broke, but not to what broke it.
func (s *stretch) cause(err error) error {
	var known *Violation
	if errors.As(err, &known) {
		return err
	}
	select {
	case <-s.server.Done():
		return died(s.variant, "during the block", s.server.Err())
	default:
		return err
	}
}
