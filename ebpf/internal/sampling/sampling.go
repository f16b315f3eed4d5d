// Package sampling takes a CPU profile of a process from outside: on each tick of every CPU's clock an eBPF program
// (sample.c of package bpf) walks the stack of whatever thread of the process is on it, from the kernel's functions
// through C to where the goroutine began.
//
// # What it sees that Go's own profiler does not
//
// The kernel's part of a system call, BoringCrypto's C below the Go function that called it, the phase of the
// handshake that the thread was in, and the window of the common time grid. It ticks at thousands of hertz, where
// Go's profiler is held back by the kernel's own tick (250 per second here).
//
// # What a sample can tell
//
// A share p of n samples is uncertain by about sqrt(p(1-p)/n). Frames that the compiler inlined are not seen, nor is
// the caller of a function that was interrupted before it had set up its frame. Of C only the innermost function is
// seen: its frames cannot be walked.
package sampling

import (
	"errors"
	"time"

	"github.com/cilium/ebpf"
)

// Hertz is how often each CPU is sampled by default: thousands of samples in a run, for a per cent or two of a CPU. A
// prime number does not beat with timers of whole milliseconds.
const Hertz = 997

// Options says what to sample.
type Options struct {
	PID     int       // in our own pid namespace
	TGID    int       // of the same process in the first pid namespace; zero: the same number
	Hertz   int       // zero: [Hertz]
	Threads *ebpf.Map // what account.c keeps of the threads; nil: samples carry no phase
	Phases  []string  // names of a handshake's phases, by their number
	Program string    // the executable; empty: what /proc names
}

// ErrUnsupported means that this system has no such sampler.
var ErrUnsupported = errors.New("CPU sampling: only on Linux, amd64 and arm64")

func (o Options) hertz() int {
	if o.Hertz == 0 {
		return Hertz
	}
	return o.Hertz
}

func (o Options) period() time.Duration { return time.Second / time.Duration(o.hertz()) }
