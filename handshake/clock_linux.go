package handshake

import (
	"syscall"
	"time"
	"unsafe"
)

// The kernel's numbers of its clocks: see clock_gettime(2).
const (
	clockMonotonic = 1
	clockThreadCPU = 3
)

// NewClock takes the narrowest of a few brackets around a reading of the kernel's clock: it is off by less than half
// of that, some hundred nanoseconds.
func NewClock() (c Clock) {
	narrowest := time.Hour
	for range 8 {
		before := time.Now()
		at := readClock(clockMonotonic)
		if bracket := time.Since(before); bracket < narrowest {
			narrowest, c = bracket, Clock{before, at - bracket/2}
		}
	}
	return c
}

// ThreadCPU is the CPU time that the calling thread has used. The goroutine keeps its P, for a reading is over before
// anybody could take it; whoever subtracts two readings has locked the goroutine to its thread.
func ThreadCPU() time.Duration { return readClock(clockThreadCPU) }

func readClock(id uintptr) time.Duration {
	var now syscall.Timespec
	if _, _, err := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&now)), 0); err != 0 {
		return 0 // every Linux has both clocks
	}
	return time.Duration(now.Nano())
}
