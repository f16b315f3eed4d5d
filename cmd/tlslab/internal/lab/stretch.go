package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
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

	before  machine
	block   results.Block
	profile [][]byte // of windows, back to back
	watch   watch    // under way; nil: none
	watched *watched
}

// measure takes the steps, none of which may last for ever: a child that is stopped or stuck ends the block.
func (s *stretch) measure(ctx context.Context) error {
	ctx, cancel := whileAlive(ctx, s.server)
	defer cancel()
	defer s.leave(context.WithoutCancel(ctx))
	defer stepAside(s.place.client)()
	job := s.generator.job
	for _, step := range []struct {
		what string
		last time.Duration // by design
		do   func(context.Context) error
	}{
		{"the load generator's warm-up", job.LongestWarmup(), s.generator.warm},
		{"the server's profiler", 0, s.startProfile},
		{"the observer", 0, s.observe},
		{"the quiet begin of the server's books", 0, s.begin},
		{"the load generator", job.Load.Longest(job.Timeout), s.load},
		{"the quiet end of the server's books", 0, s.end},
		{"the observer's account", 0, s.observed},
		{"the server's profile", 0, s.stopProfile},
	} {
		if err := within(ctx, step.last, step.what, step.do); err != nil {
			return s.cause(err)
		}
	}
	return nil
}

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
	if s.block.Client, err = s.generator.run(ctx); err != nil {
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
