//go:build !linux

package loadgen

import (
	"context"
	"time"
)

// newPace returns a sleep by Go's timers that ends early when ctx does.
func newPace(ctx context.Context) (sleep func(time.Duration) error, close func(), err error) {
	sleep = func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return sleep, func() {}, nil
}
