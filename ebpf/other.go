//go:build !linux || !(amd64 || arm64)

package ebpf

import (
	"context"

	"github.com/tlslab/tlslab/results/account"
)

// Observer is a watch under way.
type Observer struct{}

// Watch is not possible on this system.
func Watch(_ context.Context, o Options) (*Observer, error) {
	return nil, &Unavailable{account.Gap{What: "eBPF", Reason: ErrUnsupported.Error()}, ErrUnsupported}
}

// Gone is closed when the process has ended.
func (*Observer) Gone() <-chan struct{} { return nil }

// Stop has nothing to return on this system.
func (*Observer) Stop() (*account.Account, []account.Sample, error) { return nil, nil, ErrUnsupported }

// Probe says that nothing works on this system.
func Probe() Capabilities {
	return Capabilities{{Kind: "eBPF", Layers: AllLayers, Err: ErrUnsupported}}
}

// Calibrate is not possible on this system.
func Calibrate(context.Context) (Prices, error) { return Prices{}, ErrUnsupported }
