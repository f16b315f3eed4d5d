// Package ebpf tells what the kernel knows of one running Go program: where the time of each of its TLS handshakes,
// threads and system calls goes. The program needs no preparation and may be stripped.
//
//	o, err := ebpf.Watch(ctx, ebpf.Options{PID: pid})
//	...
//	books, samples, err := o.Stop()
//
// # Two layers that meet
//
// Tracepoints of the kernel follow each thread: in user mode or in a system call, on a CPU, in the run queue or asleep.
// Probes in the Go runtime follow each goroutine that is in a handshake: on which thread it is, or what it waits
// for. While it is on a thread, what the thread does is what the handshake does; while it is on none, the reason is
// read from runtime.g. So at every instant a handshake is in exactly one class (package account), and what the
// classes lack of the wall time is the observer's error, which is shown.
//
//	            begin          read: EAGAIN      data arrives   taken up by a thread        end
//	handshake   |-user-|-kernel-|---- network ----|-- runnable --|-user-|-kernel-|-user-|...|
//	from           sys_enter      schedule          sk_data_ready  execute
//
// # Sources
//
//	classes of threads       tp_btf sys_enter, sys_exit, sched_switch, sched_wakeup, sched_wakeup_new
//	leaving, taking a thread uprobes runtime.schedule, stopm, execute, ready; g is the key
//	begin, phases, end       uprobes in crypto/tls, at instructions that the kernel emulates (package sites)
//	data has arrived         tp_btf sk_data_ready; for the end of a connection inet_sock_set_state
//	accept queue             tp_btf inet_sock_set_state to established, until accept4 returns
//	CPU profile              perf cpu-clock (package sampling)
//
// All times are bpf_ktime_get_ns: CLOCK_MONOTONIC, as Go's own. Sums are kept in the kernel and only grow; a window is
// the difference of two readings, so nothing is lost between windows. Histograms of system calls have the layout of 3
// bits of package hist.
//
// # Two clocks
//
// The kernel's own books run on the scheduler's clock. It stands still while a hypervisor has the CPU, and a thread that
// is woken and preempts another counts as running since it was woken, whereas here it waits until it runs. The classes
// keep to CLOCK_MONOTONIC, as handshakes do; the sums that are compared with schedstat are kept on the scheduler's clock
// beside them, and how far the two are apart is told (account.Books.Stolen).
//
// # What it does not see
//
// A handshake that was under way when the observation began. TLS 1.2: its handshakes begin and never end here, and
// count as unfinished. A program that the process becomes by exec: the account says that it did. Interrupts and soft
// interrupts: they are part of whatever they interrupt. Which of several processes had the CPU during a wait: the
// whole wait is charged to the last. Files that were read by mapping them.
//
// # Leaving no trace
//
// Everything hangs on file descriptors of this process and nothing is pinned, so when the process ends, however it
// ends, the kernel detaches and frees it all. Maps are bounded; what finds no room is counted.
package ebpf

import (
	"errors"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// Layers are what can be watched, or left out to make the observation cheaper.
type Layers uint

// The layers. Goroutines needs Syscalls and Scheduler for the classes of its handshakes.
const (
	Syscalls   Layers = 1 << iota
	Scheduler         // who is on a CPU, in the run queue, asleep
	Goroutines        // handshakes and their phases
	Network           // arrival of data, accept queue, retransmits
	Files             // reads by the file's name
	Sampling          // a CPU profile
	AllLayers  = 1<<iota - 1
)

// Grid is how long a window is by default.
const Grid = 100 * time.Millisecond

// Options says what to watch.
type Options struct {
	PID    int           // in our own pid namespace
	Need   Layers        // Goroutines: a watch that cannot see handshakes is an error, not a gap
	Layers Layers        // zero: all
	Grid   time.Duration // the length of a window; zero: [Grid]
	Hertz  int           // of the CPU profile; zero: its own default
	Client bool          // watch the handshakes that the program begins, not those that it answers
	Prices Prices        // from [Calibrate]; zero: the probes' prices are not told
}

// Prices is what one hit costs on this machine.
type Prices struct {
	SysEnter, SysExit time.Duration // each half of what a system call of the watched process pays
	Others            time.Duration // what a system call of any other process pays
	Emulated          time.Duration // a uprobe on an instruction that the kernel emulates
	Stepped           time.Duration // one on an instruction that it single-steps
}

// Unavailable is the error of a watch that cannot begin, with what would make it possible.
type Unavailable struct {
	account.Gap
	Err error
}

func (u *Unavailable) Error() string { return "watch with eBPF: " + u.What + ": " + u.Reason }

// Unwrap gives the cause.
func (u *Unavailable) Unwrap() error { return u.Err }

// ErrUnsupported means that this system has no eBPF for us.
var ErrUnsupported = errors.New("only on Linux, amd64 and arm64")

// Capability is whether one kind of program can be used here, found out by loading and attaching one.
type Capability struct {
	Kind   string // such as tp_btf, uprobe_multi
	Layers Layers // what needs it
	Err    error  // nil: it works
	Hint   string // what would make it work
}

// Capabilities are those of this process on this machine.
type Capabilities []Capability

// Layers are those that can be watched.
func (c Capabilities) Layers() Layers {
	layers := Layers(AllLayers)
	for _, one := range c {
		if one.Err != nil {
			layers &^= one.Layers
		}
	}
	return layers
}

// Tier is what an account can be here.
func (c Capabilities) Tier() account.Tier {
	const threads = Syscalls | Scheduler
	switch layers := c.Layers(); {
	case layers&threads != threads:
		return account.Runtime
	case layers&Goroutines == 0:
		return account.Partial
	}
	return account.Full
}
