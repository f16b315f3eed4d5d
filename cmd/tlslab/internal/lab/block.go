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

// measure measures one block, or two that take turns: a fresh server and a fresh generator for each, warm-up, one
// stretch.
func (r *Run) measure(ctx context.Context, blocks []scenarios.Block) (all []*stretch, err error) {
	batons, err := passBaton(blocks)
	if err != nil {
		return nil, err
	}
	defer batons.close()
	for i, b := range blocks {
		s, stop, err := r.prepareBlock(ctx, b, batons.of(i))
		if err != nil {
			return nil, err
		}
		defer stop()
		all = append(all, s)
	}
	batons.close() // the children have theirs, and must see the end of the other one's
	if err := together(ctx, all); err != nil {
		return nil, err
	}
	for i, s := range all {
		if err := r.prove(r.variant(s.variant), s.server.Hello(), s.server.Stderr()); err != nil {
			return nil, err
		}
		r.name(s, blocks[i])
	}
	return all, nil
}

// prepareBlock starts the processes of a block.
func (r *Run) prepareBlock(ctx context.Context, b scenarios.Block, baton *baton) (_ *stretch, stop func(), err error) {
	v := r.variant(b.Variant)
	process, err := r.start(ctx, v, r.plan.Cells[b.Cell].Spec)
	if err != nil {
		return nil, nil, err
	}
	stopServer := func() { process.Stop(context.WithoutCancel(ctx)) }
	err = r.prove(v, process.Hello(), process.Stderr())
	var s *stretch
	if err == nil {
		s, err = r.equip(ctx, b, process, baton)
	}
	if err != nil {
		stopServer()
		return nil, nil, err
	}
	return s, func() { s.generator.stop(); stopServer() }, nil
}

// equip gives a server the generator of its block, and who changes its files.
func (r *Run) equip(ctx context.Context, b scenarios.Block, process *process, baton *baton) (_ *stretch, err error) {
	cell, v := r.plan.Cells[b.Cell], r.variant(b.Variant)
	s := &stretch{
		variant: v.Name, place: r.places[v.Name], profiled: r.plan.Profile && b.Role == results.Measuring,
		server: process.Process,
	}
	if b.Observed {
		s.observer = r.observer
		s.profiled = r.plan.Profile && !r.observer.samples()
	}
	job := r.job(cell, v, process.Hello().Address, b.Seed)
	job.Turns = baton.turns(r.plan.Turn)
	if s.writer, err = process.writer(v, job); err != nil {
		return nil, err
	}
	process.files.introduce(&job)
	process.workload.introduce(&job, v.Server.SPIFFE)
	s.generator, err = startGenerator(ctx, r.lab.Tool, s.place.client, job, baton.ends()...)
	return s, err
}

// name writes into a measured block which one it is.
func (r *Run) name(s *stretch, b scenarios.Block) {
	s.block.Index, s.block.Cell, s.block.Variant = b.Index, r.plan.Cells[b.Cell].Name, b.Variant
	s.block.Group, s.block.Order, s.block.Seed, s.block.Observed = b.Group, b.Order, b.Seed, b.Observed
	s.block.Role = b.Role
	s.block.System.ServerCPUs, s.block.System.ClientCPUs = s.place.server, s.place.client
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

func (r *Run) job(cell scenarios.Cell, v scenarios.Variant, address string, seed uint64) loadgen.Job {
	spec := cell.Spec.Of(offered(cell.Spec, v.Server), v.Offer)
	job := loadgen.Job{
		Dialer:     r.plan.Client.DialerOf(v.Server.App, spec),
		App:        v.Server.App,
		Offer:      v.Offer,
		Target:     address,
		ServerName: serverName,
		Roots:      r.secrets.roots(cell.Spec.Signature),
		Spec:       spec,
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
