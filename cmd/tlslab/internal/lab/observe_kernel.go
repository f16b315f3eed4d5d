package lab

import (
	"context"
	"time"

	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/handshake/variant"
)

// kernelObserver observes with eBPF.
type kernelObserver struct {
	layers ebpf.Layers
	prices ebpf.Prices
}

func (k kernelObserver) samples() bool { return k.layers&ebpf.Sampling != 0 }

func (k kernelObserver) begin(ctx context.Context, p *variant.Process) (watch, error) {
	o, err := ebpf.Watch(ctx, ebpf.Options{PID: p.PID(), Layers: k.layers, Prices: k.prices})
	if err != nil {
		return nil, err
	}
	return kernelWatch{o}, nil
}

type kernelWatch struct{ observer *ebpf.Observer }

func (w kernelWatch) end(context.Context) (*watched, error) {
	books, samples, err := w.observer.Stop()
	if err != nil {
		return nil, err
	}
	return &watched{books, samples}, nil
}

// period is the time that one sample stands for.
func (w *watched) period() time.Duration {
	return time.Second / time.Duration(w.account.Sampling.Hertz)
}
