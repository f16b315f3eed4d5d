package lab

import (
	"context"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/exectrace"
)

// traceObserver observes by Go's execution trace, which needs no privilege.
type traceObserver struct{}

func (traceObserver) samples() bool { return false }

func (traceObserver) begin(ctx context.Context, p *variant.Process) (watch, error) {
	if err := p.StartTrace(ctx, 0); err != nil {
		return nil, err
	}
	return &traceWatch{process: p}, nil
}

type traceWatch struct {
	process *variant.Process
	ended   bool
}

func (w *traceWatch) end(ctx context.Context) (*watched, error) {
	if w.ended {
		return nil, errEnded
	}
	w.ended = true
	t, err := w.process.StopTrace(ctx)
	if err != nil {
		return nil, err
	}
	books, err := exectrace.Read(t.Data, 0)
	if err != nil {
		return nil, err
	}
	if t.Cut {
		books.Gaps = append(books.Gaps, account.Gap{
			What:   "the end of the stretch",
			Reason: "its execution trace grew too large and was cut",
			Hint:   "measure shorter blocks, or a lower rate",
		})
	}
	return &watched{account: books}, nil
}

// bothObserver observes the process with eBPF and its handshakes by the execution trace, where uprobes are not to be had.
type bothObserver struct{ kernelObserver }

func (b *bothObserver) begin(ctx context.Context, p *variant.Process) (watch, error) {
	t, err := traceObserver{}.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	k, err := b.kernelObserver.begin(ctx, p)
	if err != nil {
		_, _ = t.end(ctx) // the kernel's error says more
		return nil, err
	}
	return &bothWatch{k, t}, nil
}

type bothWatch struct{ kernel, trace watch }

func (w *bothWatch) end(ctx context.Context) (*watched, error) {
	process, err := w.kernel.end(ctx)
	handshakes, also := w.trace.end(ctx)
	if err != nil {
		return nil, err
	}
	if also != nil {
		return nil, also
	}
	process.account.Phases = handshakes.account.Phases
	process.account.Handshakes = handshakes.account.Handshakes
	process.account.Unfinished = handshakes.account.Unfinished
	return process, nil
}
