//go:build !linux || !(amd64 || arm64)

package sampling

import "github.com/tlslab/tlslab/results/account"

// Sampler is a CPU profile being taken.
type Sampler struct{ Gaps []account.Gap }

// Start is not possible on this system.
func Start(Options) (*Sampler, error) { return nil, ErrUnsupported }

// Window does nothing on this system.
func (*Sampler) Window(int) error { return ErrUnsupported }

// Stop does nothing on this system.
func (*Sampler) Stop() ([]account.Sample, account.Sampling, error) {
	return nil, account.Sampling{}, ErrUnsupported
}
