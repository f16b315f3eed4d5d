//go:build !linux

package lab

import (
	"errors"
	"fmt"
)

func newPerfCounter() (counter, error) {
	return nil, fmt.Errorf("perf_event: %w", errors.ErrUnsupported)
}
