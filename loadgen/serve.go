package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrParentGone is returned by [Serve] when its input ends: whoever started the generator is no longer there.
var ErrParentGone = errors.New("the parent has closed the generator's input")

// Serve is a generator process: it reads one [Job] as a JSON line, warms up, writes the line {"ready":true}, waits
// for the line "go", runs the measured stretch and writes its [Result] as a JSON line. It serves one job per process,
// because a pinned suite cannot be undone. The end of stdin ends everything at once, with [ErrParentGone]. Serve does
// not close stdin; a read of it may outlive Serve.
//
// For a job with [Turns] the process must have inherited [BatonIn] and [BatonOut]. Whoever started the two generators
// has to close its own copies of all four ends of the pipes, or neither generator learns that the other one is gone.
//
// The job's dialer is one of dialers, by name.
func Serve(ctx context.Context, stdin io.Reader, stdout io.Writer, dialers map[string]Opener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lines := make(chan []byte)
	go func() { cancel(readLines(ctx, stdin, lines)) }()
	job, err := readJob(ctx, lines)
	if err != nil {
		return err
	}
	engine, err := prepare(ctx, job, dialers)
	if err != nil {
		return err
	}
	defer engine.Close()
	reply := json.NewEncoder(stdout)
	if err := reply.Encode(ready{true}); err != nil {
		return err
	}
	if err := awaitGo(ctx, lines); err != nil {
		return err
	}
	engine.Harvest() // of the warm-up
	result, err := measure(ctx, engine, job)
	if err != nil {
		return err
	}
	result.Delayed = engine.Harvest()
	return reply.Encode(result)
}

// measure runs the measured stretch.
func measure(ctx context.Context, dialer Dialer, job Job) (Result, error) {
	if !job.Timeline {
		return measured(ctx, dialer, job)
	}
	c := &chronicle{Dialer: dialer}
	result, err := measured(ctx, c, job)
	result.Generations, result.Timeline = c.tell()
	return result, err
}

func measured(ctx context.Context, dialer Dialer, job Job) (Result, error) {
	switch {
	case job.Turns == nil:
		return Run(ctx, dialer, job.Load, job.Seed)
	case job.Load.Loop == Open:
		return RunOpenInTurns(ctx, dialer, job.Load, job.Seed, *job.Turns)
	}
	baton, err := inheritBaton()
	if err != nil {
		return Result{}, err
	}
	return RunInTurns(ctx, dialer, job.Load, *job.Turns, baton)
}

type ready struct {
	Ready bool `json:"ready"`
}

// readLines sends each line of r until r or ctx ends. The error is never nil.
func readLines(ctx context.Context, r io.Reader, lines chan<- []byte) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return ErrParentGone
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrParentGone, err)
		}
		select {
		case lines <- line:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func readLine(ctx context.Context, lines <-chan []byte) ([]byte, error) {
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func readJob(ctx context.Context, lines <-chan []byte) (job Job, err error) {
	line, err := readLine(ctx, lines)
	if err != nil {
		return job, err
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&job); err != nil {
		return job, fmt.Errorf("job: %w", err)
	}
	if err := job.Load.Check(); err != nil {
		return job, fmt.Errorf("job: load: %w", err)
	}
	if err := job.Turns.check(job.Load); err != nil {
		return job, fmt.Errorf("job: turns: %w", err)
	}
	return job, nil
}

// prepare makes the dialer and warms up: what it needs first, then a closed loop whose result is dropped.
func prepare(ctx context.Context, job Job, dialers map[string]Opener) (Engine, error) {
	open := dialers[job.Dialer]
	if open == nil {
		return nil, fmt.Errorf("job: unknown dialer %q", job.Dialer)
	}
	engine, err := open(job)
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	if err := warm(ctx, engine, job); err != nil {
		engine.Close()
		return nil, fmt.Errorf("warm-up: %w", err)
	}
	return engine, nil
}

func warm(ctx context.Context, engine Engine, job Job) error {
	if err := engine.Fill(ctx); err != nil || job.Warmup <= 0 {
		return err
	}
	return warmed(Run(ctx, engine, job.warmup(), 0))
}

// warmed is why a warm-up failed: an error of its own, or a server that answered nothing in all of it, though it may
// have been too short for [Run] to say so.
func warmed(r Result, err error) error {
	if err != nil {
		return err
	}
	timeouts, reasons := uint64(0), r.Ledger.Errors
	for _, how := range []string{"connect: timeout", "handshake: timeout", "unconfirmed: timeout"} {
		timeouts += reasons[how]
	}
	if timeouts > 0 && timeouts == r.Ledger.Began {
		return unanswered(timeouts)
	}
	return nil
}

func awaitGo(ctx context.Context, lines <-chan []byte) error {
	line, err := readLine(ctx, lines)
	if err != nil {
		return err
	}
	if got := string(bytes.TrimSpace(line)); got != "go" {
		return fmt.Errorf("got the line %q, want go", got)
	}
	return nil
}
