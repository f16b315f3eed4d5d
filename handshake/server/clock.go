package server

import "time"

// clock reads the clock that an observer in the kernel reads too: on Linux CLOCK_MONOTONIC, which Go's own monotonic
// time is as well, but for its origin. Elsewhere its origin is the start of the server.
type clock struct {
	origin time.Time
	at     time.Duration // the kernel's clock at the origin
}

func (c clock) now() time.Duration { return c.when(time.Now()) }

func (c clock) when(t time.Time) time.Duration { return c.at + t.Sub(c.origin) }
