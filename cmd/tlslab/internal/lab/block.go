package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

// block measures one block: fresh server, fresh generator, warm-up, one stretch.
func (r *Run) block(ctx context.Context, b scenarios.Block) (*results.Block, []byte, error) {
	cell, v := r.plan.Cells[b.Cell], r.variant(b.Variant)
	place := r.places[v.Name]
	process, err := r.start(ctx, v, cell.Spec)
	if err != nil {
		return nil, nil, err
	}
	defer process.Stop(context.WithoutCancel(ctx))
	if err := r.prove(v, process.Hello(), process.Stderr()); err != nil {
		return nil, nil, err
	}
	job := r.job(cell, process.Hello().Address, b.Seed)
	generator, err := startGenerator(ctx, r.lab.Tool, place.client, job)
	if err != nil {
		return nil, nil, err
	}
	defer generator.stop()
	block, profile, err := r.stretch(ctx, process, generator, v)
	if err != nil {
		return nil, nil, err
	}
	if err := r.prove(v, process.Hello(), process.Stderr()); err != nil {
		return nil, nil, err
	}
	block.Index, block.Cell, block.Variant = b.Index, cell.Name, v.Name
	block.Group, block.Order, block.Seed = b.Group, b.Order, b.Seed
	block.System.ServerCPUs, block.System.ClientCPUs = place.server, place.client
	return block, profile, nil
}

// stretch is the measured part of a block, from a warm and quiet start to a quiet end.
func (r *Run) stretch(ctx context.Context, p *variant.Process, g *generator, v scenarios.Variant) (block *results.Block, profile []byte, err error) {
	ctx, cancel := watch(ctx, p)
	defer cancel()
	fail := func(err error) error { return cause(p, v.Name, err) }
	if err := g.warm(ctx); err != nil {
		return nil, nil, fail(err)
	}
	if r.plan.Profile {
		if err := p.StartProfile(ctx); err != nil {
			return nil, nil, fail(err)
		}
	}
	if err := p.Begin(ctx); err != nil {
		return nil, nil, fail(err)
	}
	block = &results.Block{Started: time.Now().UTC()}
	before := readMachine(r.places[v.Name])
	client, err := g.run(ctx)
	if err != nil {
		return nil, nil, fail(err)
	}
	if err := standard(client.Seen); err != nil {
		return nil, nil, err
	}
	report, err := p.End(ctx)
	if err != nil {
		return nil, nil, fail(err)
	}
	block.System, block.Gaps = readMachine(r.places[v.Name]).since(before)
	block.Client, block.Server = client, report
	if r.plan.Profile {
		if profile, err = p.StopProfile(ctx); err != nil {
			return nil, nil, fail(err)
		}
	}
	return block, profile, nil
}

// watch ends the context when the server dies, so that nothing waits for a generator that talks to nobody.
func watch(ctx context.Context, p *variant.Process) (context.Context, context.CancelFunc) {
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

// cause prefers the death of the server to what it broke.
func cause(p *variant.Process, name string, err error) error {
	select {
	case <-p.Done():
		return died(name, "during the block", p.Err())
	default:
		return err
	}
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
