package edge

import (
	"context"
	"sync"
	"sync/atomic"
)

// crowd is dialers in a closed loop, who end when so many handshakes have been begun. They share no lock.
type crowd struct {
	shake   func() error // one handshake of a connection of its own
	dialers int
	total   uint64
	ended   func(n uint64) // is told of each handshake that has ended, by its dialer

	begun, done, failed atomic.Uint64
	why                 atomic.Pointer[string] // one of the failures
}

// run returns how many handshakes were confirmed. The error is that of ctx.
func (c *crowd) run(ctx context.Context) (uint64, error) {
	var running sync.WaitGroup
	for range c.dialers {
		running.Go(func() { c.dial(ctx) })
	}
	running.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return c.total - c.failed.Load(), nil
}

// dial is one of the dialers.
func (c *crowd) dial(ctx context.Context) {
	for ctx.Err() == nil {
		if c.begun.Add(1) > c.total {
			return
		}
		if err := c.shake(); err != nil {
			c.failed.Add(1)
			why := err.Error()
			c.why.Store(&why)
		}
		c.ended(c.done.Add(1))
	}
}

// notes say why handshakes failed.
func (c *crowd) notes() []string {
	if why := c.why.Load(); why != nil {
		return []string{"a handshake failed: " + *why}
	}
	return nil
}
