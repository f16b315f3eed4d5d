//go:build amd64 || arm64

package ebpf

import "context"

func Probe() Capabilities                       { return nil }
func Calibrate(context.Context) (Prices, error) { return Prices{}, ErrUnsupported }
