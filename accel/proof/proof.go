// Package proof times what a choice of cryptography rests on, on this machine, in this process.
//
// [Run] takes every operation in each round, in random order, so that a machine that changes its speed changes all of
// them alike; a ratio is formed within a round and its interval over the rounds. It is short, a second or two, so
// that it can stand beside a choice: it finds factors, not percents. What a server's handshakes cost is for scenarios.
package proof

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Timing is what one option of a subject costs.
type Timing struct {
	Subject string        `json:"subject"`             // suite, group, certificate, signer
	Option  string        `json:"option"`              // X25519
	What    string        `json:"what"`                // seal 16 kB
	CPU     time.Duration `json:"cpu_ns"`              // of one operation, median of the rounds; zero: Missing says why
	Ratio   *effect.Ratio `json:"ratio,omitempty"`     // to the subject's first option, at 95 %; nil: it is the first, or it is missing
	Missing string        `json:"not_timed,omitempty"` // why it cannot run here
}

// Rounds is how many rounds a proof takes unless said otherwise.
const Rounds = 12

// batch is how long one operation is repeated in a round: long against what getrusage(2) resolves.
const batch = 2 * time.Millisecond

// operation is one option of a subject, ready to run.
type operation struct {
	subject, option, what string
	times                 int // that one call of run does it; it counts as so many operations
	run                   func() error
}

// Run times all options. The error is that of an operation that failed, or of ctx.
func Run(ctx context.Context, rounds int) ([]Timing, error) {
	timings, operations, err := prepare()
	if err != nil {
		return nil, err
	}
	calls := make([]int, len(operations))
	for i, o := range operations {
		if calls[i], err = o.calls(); err != nil {
			return nil, err
		}
	}
	measured := make([][]float64, len(operations))
	for range rounds {
		for _, i := range rand.Perm(len(operations)) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ns, err := operations[i].time(calls[i])
			if err != nil {
				return nil, err
			}
			measured[i] = append(measured[i], ns)
		}
	}
	return append(judge(operations, measured), timings...), nil
}

// calls is how many calls make a batch.
func (o operation) calls() (int, error) {
	for n := 1; ; n *= 2 {
		ns, err := o.time(n)
		if err != nil {
			return 0, err
		}
		if took := time.Duration(ns * float64(n*o.times)); took > batch/2 || n >= 1<<20 {
			return n, nil
		}
	}
}

// time is the nanoseconds of CPU of one operation, over n calls.
func (o operation) time(n int) (float64, error) {
	began := handshake.ReadCPU()
	for range n {
		if err := o.run(); err != nil {
			return 0, err
		}
	}
	return float64(handshake.ReadCPU().Sub(began).Total()) / float64(n*o.times), nil
}

// judge compares every option with the first of its subject and kind of work.
func judge(operations []operation, measured [][]float64) []Timing {
	var all []Timing
	for i, o := range operations {
		t := Timing{Subject: o.subject, Option: o.option, What: o.what, CPU: time.Duration(median(measured[i]))}
		first := slices.IndexFunc(operations, func(f operation) bool { return f.subject == o.subject && f.what == o.what })
		if first != i {
			t.Ratio = ratio(measured[first], measured[i])
		}
		all = append(all, t)
	}
	return all
}

// ratio is over the rounds; nil: they are too few.
func ratio(baseline, candidate []float64) *effect.Ratio {
	var logs []float64
	for round := range baseline {
		if d, err := effect.LogRatio(baseline[round:round+1], candidate[round:round+1]); err == nil {
			logs = append(logs, d)
		}
	}
	r, _, ok := effect.Estimate(logs, 0.05)
	if !ok {
		return nil
	}
	return &r
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
