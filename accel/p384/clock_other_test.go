//go:build !linux

package p384

import "time"

var started = time.Now()

// processorTime is the time of day here: other programs' time is in it.
func processorTime() time.Duration { return time.Since(started) }
