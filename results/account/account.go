// Package account holds the books of time: for one server process over one stretch, where the wall time of every
// handshake went, what its threads did, and what its system calls cost. It is what an observer fills in (package
// ebpf from the kernel's events, package exectrace from Go's execution trace) and what the analysis reads. It
// measures nothing and judges nothing.
//
// # The identity
//
// At every instant a handshake is in exactly one [Class], so its classes add up to its wall time:
//
//	wall = user + kernel + run queue + blocked + network + goroutine + runnable   (+ residual)
//
// The residual is what the observer lost or counted twice. An observer without the kernel's help cannot tell user,
// kernel and run queue apart, nor kernel from blocked within a system call; it uses the coarser classes running and
// syscall instead, and the identity holds all the same.
//
// All instants are nanoseconds of CLOCK_MONOTONIC since the account began.
package account

import (
	"time"

	"github.com/tlslab/tlslab/results/hist"
)

// Class is where time goes.
type Class uint8

// The classes. The first four are a thread's, while the goroutine is on it; the next three are the goroutine's,
// while it is on no thread; the last two are what an observer without the kernel sees of the first four.
const (
	User      Class = iota // on a CPU, in user mode
	Kernel                 // on a CPU, in a system call
	RunQueue               // its thread could run and another had the CPU
	Blocked                // its thread, or the goroutine on a file or pipe, was asleep: not on a socket
	Network                // parked on a socket that held no data
	Goroutine              // parked on a lock, a channel or a timer
	Runnable               // could run, or its data had arrived, and no thread had taken it up
	Running                // on a thread: user, kernel or run queue, not told apart
	InSyscall              // in a system call: kernel, run queue or blocked, not told apart
	Classes   = 9
)

// Times is a duration for each class, in nanoseconds.
type Times [Classes]time.Duration

// Tier says how much the observer could see.
type Tier string

const (
	Full    Tier = "full"    // the kernel's events and the goroutines
	Partial Tier = "partial" // the kernel's events of the process; handshakes from the execution trace, or not at all
	Runtime Tier = "runtime" // the execution trace and /proc: no privilege
)

// Account is one observed stretch of one process.
type Account struct {
	Tier       Tier           `json:"tier"`
	Began      time.Duration  `json:"began_ns"` // on CLOCK_MONOTONIC: to place what others saw on the same clock
	Length     time.Duration  `json:"length_ns"`
	Phases     []string       `json:"phases,omitempty"` // names of a handshake's phases, in order
	Handshakes []Handshake    `json:"-"`                // in order of their end; a file of their own
	Unfinished int64          `json:"unfinished"`       // under way when the stretch ended, or their end was not seen
	Windows    []Window       `json:"windows"`          // back to back
	Syscalls   []Syscall      `json:"syscalls,omitempty"`
	Files      []FileRead     `json:"files,omitempty"`
	Preemptors []Preemptor    `json:"preemptors,omitempty"`
	AcceptWait hist.Histogram `json:"accept_wait"` // nanoseconds from established to accepted
	Sampling   *Sampling      `json:"sampling,omitempty"`
	Probes     []Probe        `json:"probes,omitempty"`
	Books      Books          `json:"books"`
	Gaps       []Gap          `json:"gaps,omitempty"`
}

// Handshake is one handshake of the process, as server or client.
type Handshake struct {
	Begin       time.Duration `json:"begin_ns"`
	End         time.Duration `json:"end_ns"`
	Time        Times         `json:"time_ns"`
	Phases      []Times       `json:"phases_ns,omitempty"`      // one for each of [Account.Phases]; they add up to Time
	Port        uint16        `json:"port,omitempty"`           // of the peer; zero: not seen
	Established time.Duration `json:"established_ns,omitempty"` // its connection; zero: not seen
	Accepted    time.Duration `json:"accepted_ns,omitempty"`
	Retransmits uint32        `json:"retransmits,omitempty"` // TCP segments
	Failed      bool          `json:"failed,omitempty"`
}

// Wall is how long the handshake took.
func (h *Handshake) Wall() time.Duration { return h.End - h.Begin }

// Residual is the part of the wall time that no class has: negative where some was counted twice.
func (h *Handshake) Residual() time.Duration { return h.Wall() - h.Time.Sum() }

// Sum is the time in all classes.
func (t *Times) Sum() (sum time.Duration) {
	for _, d := range t {
		sum += d
	}
	return sum
}

// Add adds what another has.
func (t *Times) Add(more Times) {
	for i, d := range more {
		t[i] += d
	}
}

// Window is what the whole process did in one interval of the grid.
type Window struct {
	At       time.Duration         `json:"at_ns"` // its begin
	Length   time.Duration         `json:"length_ns"`
	Threads  Times                 `json:"threads_ns"` // of all its threads
	Syscalls map[string]SyscallUse `json:"syscalls,omitempty"`
	Files    map[string]FileUse    `json:"files,omitempty"` // reads of files and pipes by base name
	GCCycles uint64                `json:"gc_cycles"`
	Others   time.Duration         `json:"others_ns"` // other processes' time on a CPU that a thread of this one waited for
}

// SyscallUse is what one system call came to in one window.
type SyscallUse struct {
	Count uint64        `json:"count"`
	Time  time.Duration `json:"time_ns"`
}

// FileUse is what the reads of one file came to.
type FileUse struct {
	Count uint64        `json:"count"`
	Bytes uint64        `json:"bytes"`
	Time  time.Duration `json:"time_ns"`
}

// Syscall is one system call over the whole stretch. Histograms are in nanoseconds; the parts of a call add up to
// its latency.
type Syscall struct {
	Name    string         `json:"name"`
	Count   uint64         `json:"count"`
	Errors  uint64         `json:"errors"` // without EAGAIN
	Again   uint64         `json:"eagain"`
	Time    Times          `json:"time_ns"` // Kernel, RunQueue and Blocked
	Latency hist.Histogram `json:"latency"`
	Parts   SyscallParts   `json:"parts"`
}

// SyscallParts is what the calls' latencies consist of.
type SyscallParts struct {
	Kernel   hist.Histogram `json:"kernel"`
	RunQueue hist.Histogram `json:"run_queue"`
	Blocked  hist.Histogram `json:"blocked"`
}

// FileRead is one file or pipe that the process read.
type FileRead struct {
	Path string `json:"path"` // as it was opened; base name only
	FileUse
}

// Preemptor is who had the CPU while a thread of the process waited for it.
type Preemptor struct {
	Command string        `json:"command"`
	Time    time.Duration `json:"time_ns"`
}

// Sampling is how the CPU profile was taken.
type Sampling struct {
	Hertz      int     `json:"hertz"`
	Samples    int64   `json:"samples"`
	Expected   float64 `json:"expected"` // on-CPU seconds times hertz
	Lost       int64   `json:"lost"`
	Rooted     int64   `json:"rooted"`           // stacks that end where a goroutine or a thread of the scheduler begins
	Goroutines int64   `json:"rooted_goroutine"` // of these, where a goroutine begins
}

// Sample is one stack of a CPU profile with how often it was seen.
type Sample struct {
	Stack  []Frame // innermost first
	Phase  string  // of the handshake that its thread was in; empty: none
	Window int     // index into [Account.Windows]
	Count  int64
}

// Frame is one function of a stack.
type Frame struct {
	Function string // empty: no symbol
	Module   string // go, c or kernel
	Address  uint64
}

// Probe is one hook into the kernel or the program.
type Probe struct {
	Name  string        `json:"name"`  // the kernel's event or the Go function
	Site  string        `json:"site"`  // tp_btf, or the instruction: push, jcc, call, nop5
	Cheap bool          `json:"cheap"` // the kernel emulates the instruction; else it single-steps
	Hits  uint64        `json:"hits"`
	Price time.Duration `json:"price_ns"` // of one hit, measured here; zero: not measured
}

// Books are the same quantities from another witness: the kernel's own books, both sides' ledgers.
type Books struct {
	OnCPU             time.Duration `json:"on_cpu_ns"`              // user and kernel of all threads, as observed, on the scheduler's clock; -1: unknown
	SchedstatCPU      time.Duration `json:"schedstat_cpu_ns"`       // by /proc/PID/task/*/schedstat; -1: unknown
	RunQueue          time.Duration `json:"run_queue_ns"`           // as observed, on the scheduler's clock; -1: unknown
	SchedstatRunDelay time.Duration `json:"schedstat_run_delay_ns"` // -1: unknown
	// Stolen is what the threads' classes have on CPUs beyond OnCPU: a hypervisor held the CPU. Negative, the scheduler
	// books more, as it counts a thread that preempts another as running since it was woken.
	Stolen    time.Duration `json:"stolen_ns"`
	Accepts   uint64        `json:"accepts"`   // accept4 calls that gave a connection
	Drops     uint64        `json:"drops"`     // records and map entries that were lost
	Missed    uint64        `json:"missed"`    // events that the kernel did not tell; a handful in ten thousand
	Unstamped uint64        `json:"unstamped"` // parks on a socket whose data's arrival was not seen
}

// Gap is what could not be observed, why, and how to close it.
type Gap struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}
