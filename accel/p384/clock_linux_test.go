package p384

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is how long this process has run, whatever else runs on the machine.
func processorTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}
