package main

import (
	"syscall"
	"time"
)

// nanosleep puts the thread to sleep and not only the goroutine.
func nanosleep(size time.Duration) {
	for left := syscall.NsecToTimespec(int64(size)); syscall.Nanosleep(&left, &left) == syscall.EINTR; {
	}
}
