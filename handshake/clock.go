package handshake

import "time"

// Clock reads a clock that all processes of one machine share, and on Linux an observer in the kernel too: there it
// is CLOCK_MONOTONIC, which Go's own monotonic time is as well, but for its origin. Elsewhere it is the time of day
// as it was when the clock was made, going on at the pace of Go's monotonic time.
type Clock struct {
	origin time.Time
	at     time.Duration // the shared clock at the origin
}

// Now is the time by the shared clock.
func (c Clock) Now() time.Duration { return c.When(time.Now()) }

// When is the shared clock's time at t, which has a monotonic reading.
func (c Clock) When(t time.Time) time.Duration { return c.at + t.Sub(c.origin) }
