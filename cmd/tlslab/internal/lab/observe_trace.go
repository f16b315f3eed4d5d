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
	return traceWatch{p}, nil
}

type traceWatch struct{ process *variant.Process }

func (w traceWatch) end(ctx context.Context) (*watched, error) {
	t, err := w.process.StopTrace(ctx)
	if err != nil {
		return nil, err
	}
	books, err := exectrace.Read(t.Data, 0)
	if err != nil {
		return nil, err
	}
	return &watched{account: books}, nil
}

// bothObserver observes the process with eBPF and its handshakes by the execution trace, where uprobes are not to be had.
type bothObserver struct{ kernelObserver }

func (b bothObserver) begin(ctx context.Context, p *variant.Process) (watch, error) {
	t, err := traceObserver{}.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	k, err := b.kernelObserver.begin(ctx, p)
	if err != nil {
		_, _ = t.end(ctx) // the kernel's error says more
		return nil, err
	}
	return bothWatch{k, t}, nil
}

type bothWatch struct{ kernel, trace watch }

func (w bothWatch) end(ctx context.Context) (*watched, error) {
	process, err := w.kernel.end(ctx)
	handshakes, also := w.trace.end(ctx)
	if err != nil {
		return nil, err
	}
	if also != nil {
		return nil, also
	}
	join(process.account, handshakes.account)
	return process, nil
}

// join gives the account of a process the handshakes of another account of the same stretch, and puts them on its
// clock. One that began before it did counts as unfinished: an account has no instants before its own begin.
func join(process, other *account.Account) {
	shift := other.Began - process.Began
	process.Phases, process.Unfinished = other.Phases, other.Unfinished
	process.Handshakes = nil
	for _, h := range other.Handshakes {
		h.Begin, h.End = h.Begin+shift, h.End+shift
		if h.Begin < 0 {
			process.Unfinished++
			continue
		}
		process.Handshakes = append(process.Handshakes, h)
	}
	process.Gaps = append(process.Gaps, other.Gaps...)
}
