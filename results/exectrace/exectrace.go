// Package exectrace reads the execution trace of a server of the lab and makes it an account of time: for every
// handshake, what state its goroutine was in, without a gap. It needs no privilege, and works in containers and on
// systems that have no eBPF.
//
// # What a trace can tell
//
// Go's runtime notes each change of a goroutine's state (https://go.dev/blog/execution-traces-2024). Here they become
// the classes of package account:
//
//	running               Running: on a thread, whether or not that had a CPU
//	in a system call      InSyscall: on a CPU, in a run queue or asleep
//	waiting for a socket  Network
//	waiting for a file    Blocked, told from a socket by the stack
//	waiting otherwise     Goroutine: a lock, a channel, a timer, the garbage collector
//	runnable              Runnable
//
// A trace does not see when data reached a socket: Network includes the time from then until the runtime looked,
// which an observer in the kernel counts as Runnable. What waits in C is Running or InSyscall.
//
// The states follow each other without a gap, so the residual is zero but for what the trace itself lacks.
//
// # The server's marks
//
// The server puts a region around each handshake, logs the peer's port, each phase and a failure, and at both edges
// of the trace its clock and the kernel's books of its threads: see package server. An account begins at the first
// edge, on a clock that it shares with the other observers, and ends at the second.
//
// This is the one package that imports golang.org/x/exp/trace.
package exectrace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/exp/trace"

	"github.com/tlslab/tlslab/results/account"
)

// Grid is the length of an account's windows if none is asked for.
const Grid = 100 * time.Millisecond

// maxWindows bounds an account: at the usual grid, nearly four hours.
const maxWindows = 1 << 17

// What the server writes: see package server.
const (
	regionName  = "tls_handshake"
	phaseMark   = "tls_phase"
	portMark    = "tls_port"
	failedMark  = "tls_failed"
	stretchMark = "tls_stretch"
)

// phases are those of the server, in the order of a handshake. A resumed one has resume in the place of certificate,
// sign and finish.
var phases = []string{"client-hello", "negotiate", "resume", "certificate", "sign", "finish"}

// Read makes an account of a trace, in windows of the grid; zero: of [Grid].
func Read(data []byte, grid time.Duration) (a *account.Account, err error) {
	defer func() {
		if r := recover(); r != nil { // the reader of traces trusts them
			a, err = nil, fmt.Errorf("execution trace: it is damaged: %v", r)
		}
	}()
	if grid <= 0 {
		grid = Grid
	}
	b := book{grid: grid, goroutines: map[trace.GoID]*goroutine{}, account: account.Account{
		Tier: account.Runtime, Phases: phases,
		Books: account.Books{OnCPU: -1, RunQueue: -1, SchedstatCPU: -1, SchedstatRunDelay: -1},
	}}
	if err := b.read(data); err != nil {
		return nil, fmt.Errorf("execution trace: %w", err)
	}
	return &b.account, nil
}

func (b *book) read(data []byte) error {
	events, err := trace.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for b.stretch != ended {
		switch e, err := events.ReadEvent(); {
		case errors.Is(err, io.EOF):
			return errors.New("it does not hold both edges of a stretch: it was cut off, or is of another program")
		case err != nil:
			return err
		default:
			if err := b.enter(e); err != nil {
				return err
			}
		}
	}
	return nil
}
