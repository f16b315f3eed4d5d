package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
)

// What is planted: in every second handshake of a closed loop of one worker, so that each planted handshake has an
// equal without a plant before it. The size makes the tail of the handshakes by nature, some milliseconds on a machine
// that others share, a small part of it.
const (
	plantSize       = 80 * time.Millisecond
	plantEvery      = 2
	plantHandshakes = 60
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
	t := r.trial()
	t.variant.Server.GOMAXPROCS = 1 // one P, so that giving way to another goroutine lasts as long as that one does
	t.cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Handshakes: plantHandshakes}
	if class == account.Network {
		t.delay = &loadgen.Delay{Size: plantSize, Every: plantEvery}
	} else {
		t.disturb = func(ctx context.Context, p *variant.Process) error {
			err := p.Plant(ctx, &server.Plant{Component: class.String(), Size: plantSize, Every: plantEvery})
			if err != nil && ctx.Err() == nil && alive(p) {
				return &unplantable{err}
			}
			return err
		}
	}
	s, err := r.try(ctx, t)
	var not *unplantable
	if errors.As(err, &not) {
		return nil, &results.Gap{What: fmt.Sprintf("plants in %v", class), Reason: not.Error()}, nil
	}
	return s, nil, err
}

func alive(p *variant.Process) bool {
	select {
	case <-p.Done():
		return false
	default:
		return true
	}
}

// unplantable is a delay that the server cannot make here.
type unplantable struct{ error }

// planted is what the server planted, or the client.
func (s *stretch) planted() []server.Planted {
	all := s.block.Server.Planted
	for _, d := range s.block.Client.Delayed {
		all = append(all, server.Planted{Port: d.Port, Size: d.Size})
	}
	return all
}
