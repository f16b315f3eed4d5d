package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
)

// What is planted: in every second handshake of a closed loop of one worker, so that each planted handshake has an
// equal without a plant before it. The size is below the 10 ms after which Go's scheduler interrupts a goroutine.
const (
	plantSize       = 8 * time.Millisecond
	plantEvery      = 2
	plantHandshakes = 400
)

// plantedClasses are the classes that a known time can be planted into.
var plantedClasses = []account.Class{
	account.User, account.Kernel, account.RunQueue, account.Blocked, account.Network, account.Goroutine, account.Runnable,
}

// plant asks the observer, before the first block, for what is known: for each class of time it plants delays into
// handshakes of the baseline and keeps the account of what became of them. A class that nothing can be planted into
// here is a gap.
func (r *Run) plant(ctx context.Context, w *results.Writer) error {
	if r.observer == nil || !r.plan.Observe.Plants {
		return nil
	}
	r.Manifest.Observer.Plants = nil
	for _, class := range plantedClasses {
		r.lab.Speak(fmt.Sprintf("planting known delays: %v", class))
		s, gap, err := r.plantOne(ctx, class)
		if err != nil {
			return fmt.Errorf("planting %v: %w", class, err)
		}
		if gap != nil {
			r.Manifest.Gaps = append(r.Manifest.Gaps, *gap)
			continue
		}
		if err := w.Observed(results.PlantsName(class), s.watched.account, nil); err != nil {
			return err
		}
		r.Manifest.Observer.Plants = append(r.Manifest.Observer.Plants, results.Plants{Component: class, Planted: s.planted()})
	}
	return nil
}

// plantOne measures a stretch of the baseline with plants in one class.
func (r *Run) plantOne(ctx context.Context, class account.Class) (*stretch, *results.Gap, error) {
	v, cell := r.plan.Variants[0], r.plan.Cells[0]
	v.Server.GOMAXPROCS = 1 // one P, so that giving way to another goroutine lasts as long as that one does
	cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Handshakes: plantHandshakes}
	process, err := r.start(ctx, v, cell.Spec)
	if err != nil {
		return nil, nil, err
	}
	defer process.Stop(context.WithoutCancel(ctx))
	job := r.job(cell, process.Hello().Address, r.plan.Seed)
	if class == account.Network {
		job.Delay = &loadgen.Delay{Size: plantSize, Every: plantEvery}
	} else if err := process.Plant(ctx, &server.Plant{Component: class.String(), Size: plantSize, Every: plantEvery}); err != nil {
		return nil, &results.Gap{What: fmt.Sprintf("plants in %v", class), Reason: err.Error()}, nil
	}
	generator, err := startGenerator(ctx, r.lab.Tool, r.places[v.Name].client, job)
	if err != nil {
		return nil, nil, err
	}
	defer generator.stop()
	s := &stretch{variant: v.Name, place: r.places[v.Name], observer: r.observer, server: process, generator: generator}
	return s, nil, s.measure(ctx)
}

// planted is what the server planted, or the client.
func (s *stretch) planted() []server.Planted {
	all := s.block.Server.Planted
	for _, d := range s.block.Client.Delayed {
		all = append(all, server.Planted{Port: d.Port, Size: d.Size})
	}
	return all
}
