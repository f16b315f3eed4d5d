package handshake

import (
	"syscall"
	"time"
)

// CPU is the processor time of one process, by getrusage(2), in nanoseconds. The sum is the scheduler's exact
// account; the split into user and system may be sampled by the kernel's tick.
type CPU struct {
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
}

// Total is user and system time together.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Sub is the time spent since earlier.
func (c CPU) Sub(earlier CPU) CPU { return CPU{c.User - earlier.User, c.System - earlier.System} }

// ReadCPU reads the calling process's processor time.
func ReadCPU() CPU {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return CPU{} // only EFAULT and EINVAL exist, and neither can happen here
	}
	return CPU{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}
}
