package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

// The exit codes. Where several apply: 2 > 70 > 3 > 1 > 5 > 4 > 6 > 0.
const (
	exitDone         = 0
	exitWorse        = 1  // a gated metric is worse
	exitUsage        = 2  // usage or scenario error
	exitInvalid      = 3  // a guard was violated: no claim
	exitInconclusive = 4  // a gate could not be decided
	exitMissed       = 5  // an absolute objective was not met, or a claim came out against its expectation
	exitIncomparable = 6  // counted under other conditions, or made by another schema
	exitInternal     = 70 // the lab failed
	exitInterrupted  = 130
)

// verdict is an outcome that has been told already; it only carries the exit code.
type verdict int

func (v verdict) Error() string { return fmt.Sprintf("exit %d", int(v)) }

// failure is an error with a hint and the exit code that it means.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(err error, hint string) error { return &failure{err, hint, exitUsage} }

func errUnknown(c *cobra.Command, word string) error {
	if near := c.SuggestionsFor(word); len(near) > 0 {
		return fmt.Errorf("unknown command %q, did you mean %q?", word, near[0])
	}
	return fmt.Errorf("unknown command %q", word)
}

// exit tells the error and turns it into the process's exit code.
func (s streams) exit(ctx context.Context, err error) int {
	var v verdict
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &v):
		return int(v)
	}
	f := classify(ctx, err)
	var mistakes *scenarios.Errors
	if errors.As(err, &mistakes) {
		s.tellMistakes(mistakes)
		return f.code
	}
	s.tell(f.err.Error())
	if f.hint != "" {
		s.tell("hint: " + f.hint)
	}
	return f.code
}

func (s streams) tell(text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Fprintln(s.err, "tlslab: "+strings.TrimRight(line, "\n"))
	}
}

func (s streams) tellMistakes(mistakes *scenarios.Errors) {
	for _, p := range *mistakes {
		s.tell(fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message))
		if p.Hint != "" {
			s.tell("hint: " + p.Hint)
		}
	}
}

// classify finds what an error means to the caller.
func classify(ctx context.Context, err error) *failure {
	var told *failure
	var mistakes *scenarios.Errors
	var build *variant.Error
	var unusable *lab.Unusable
	var violation *lab.Violation
	var schema *results.SchemaError
	var unavailable *ebpf.Unavailable
	switch {
	case errors.As(err, &told):
		return told
	case ctx.Err() != nil:
		return &failure{errors.New("interrupted: nothing was written"), "", exitInterrupted}
	case errors.As(err, &mistakes):
		return &failure{err, "", exitUsage}
	case errors.As(err, &build):
		return &failure{err, build.Hint, exitUsage}
	case errors.As(err, &unusable):
		return &failure{err, "", exitUsage}
	case errors.As(err, &unavailable):
		return &failure{err, unavailable.Hint, exitUsage}
	case errors.As(err, &violation):
		return &failure{err, violation.Hint, exitInvalid}
	case errors.As(err, &schema):
		return &failure{err, "read it with the version of tlslab that wrote it", exitIncomparable}
	case errors.Is(err, results.ErrNotBundle):
		return &failure{err, "a run that was cut short can be finished: tlslab run --continue DIR", exitUsage}
	case errors.Is(err, results.ErrUnfinished), errors.Is(err, results.ErrFinished), errors.Is(err, results.ErrBusy):
		return &failure{err, "", exitUsage}
	case errors.Is(err, results.ErrCorrupt):
		return &failure{err, "a bundle is complete or worthless: measure again, or fetch it again", exitUsage}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &failure{err, "make room, then finish the run with tlslab run --continue DIR", exitInternal}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist):
		return &failure{err, "", exitUsage}
	}
	return &failure{err, "", exitInternal}
}

// worst is the exit code that counts when several apply.
func worst(a, b int) int {
	for _, code := range []int{exitInterrupted, exitUsage, exitInternal, exitInvalid, exitWorse, exitMissed, exitInconclusive, exitIncomparable} {
		if a == code || b == code {
			return code
		}
	}
	return exitDone
}
