package lab

import (
	"context"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/scenarios"
)

// trial is an observed stretch that is no block: something is done to the server on purpose, to see whether the
// observer says so.
type trial struct {
	variant scenarios.Variant
	cell    scenarios.Cell
	delay   *loadgen.Delay                                // of the client; nil: none
	disturb func(context.Context, *variant.Process) error // before the warm-up; its context ends with the trial
}

// trial is one of the plan's baseline in its first cell.
func (r *Run) trial() trial { return trial{variant: r.plan.Variants[0], cell: r.plan.Cells[0]} }

// try carries out a trial.
func (r *Run) try(ctx context.Context, t trial) (*stretch, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	process, err := r.start(ctx, t.variant, t.cell.Spec)
	if err != nil {
		return nil, err
	}
	defer process.Stop(context.WithoutCancel(ctx))
	if t.disturb != nil {
		if err := t.disturb(ctx, process.Process); err != nil {
			return nil, err
		}
	}
	place := r.places[t.variant.Name]
	job := r.job(t.cell, t.variant, process.Hello().Address, r.plan.Seed)
	job.Delay = t.delay
	process.files.introduce(&job)
	process.workload.introduce(&job, t.variant.Server.SPIFFE)
	generator, err := startGenerator(ctx, r.lab.Tool, place.client, job)
	if err != nil {
		return nil, err
	}
	defer generator.stop()
	s := &stretch{variant: t.variant.Name, place: place, observer: r.observer, server: process.Process, generator: generator}
	return s, s.measure(ctx)
}
