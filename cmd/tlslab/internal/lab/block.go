package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

// block measures one block: fresh server, fresh generator, warm-up, one stretch.
func (r *Run) block(ctx context.Context, b scenarios.Block) (*stretch, error) {
	cell, v := r.plan.Cells[b.Cell], r.variant(b.Variant)
	place := r.places[v.Name]
	process, err := r.start(ctx, v, cell.Spec)
	if err != nil {
		return nil, err
	}
	defer process.Stop(context.WithoutCancel(ctx))
	if err := r.prove(v, process.Hello(), process.Stderr()); err != nil {
		return nil, err
	}
	job := r.job(cell, process.Hello().Address, b.Seed)
	generator, err := startGenerator(ctx, r.lab.Tool, place.client, job)
	if err != nil {
		return nil, err
	}
	defer generator.stop()
	s := &stretch{variant: v.Name, place: place, profiled: r.plan.Profile && b.Role == results.Measuring, server: process, generator: generator}
	if b.Observed {
		s.observer = r.observer
		s.profiled = r.plan.Profile && !r.observer.samples()
	}
	if err := s.measure(ctx); err != nil {
		return nil, err
	}
	if err := r.prove(v, process.Hello(), process.Stderr()); err != nil {
		return nil, err
	}
	s.block.Index, s.block.Cell, s.block.Variant = b.Index, cell.Name, v.Name
	s.block.Group, s.block.Order, s.block.Seed, s.block.Observed = b.Group, b.Order, b.Seed, b.Observed
	s.block.Role = b.Role
	s.block.System.ServerCPUs, s.block.System.ClientCPUs = place.server, place.client
	return s, nil
}

func died(name, when string, err error) error {
	var hinted *variant.Error
	if errors.Is(err, context.Canceled) || errors.As(err, &hinted) {
		return err
	}
	return &Violation{
		What: fmt.Sprintf("the server of %s died %s: %v", name, when, err),
		Hint: "its last words are above; nothing was kept from this block, finish the run with --continue",
	}
}

func (r *Run) job(cell scenarios.Cell, address string, seed uint64) loadgen.Job {
	job := loadgen.Job{
		Target:     address,
		ServerName: serverName,
		Roots:      r.secrets.roots(cell.Spec.Signature),
		Spec:       cell.Spec,
		Load:       cell.Load,
		Warmup:     r.plan.Warmup,
		Seed:       seed,
		Close:      r.plan.Client.Close,
		KeyLog:     r.lab.KeyLog,
	}
	if cell.Spec.Mutual && r.plan.Client.Certificate != "none" {
		pair := r.secrets[cell.Spec.Signature].client
		job.Certificate, job.Key = pair.Certificate, pair.Key
	}
	return job
}
