//go:build !linux

package handshake

import "time"

// NewClock takes the time of day.
func NewClock() Clock {
	now := time.Now()
	return Clock{origin: now, at: time.Duration(now.UnixNano())}
}
