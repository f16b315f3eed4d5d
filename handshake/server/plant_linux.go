package server

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/tlslab/tlslab/handshake"
)

// systemSeeds are the plants that need Linux.
var systemSeeds = map[string]func(ctx context.Context, p Plant, l *plants) (*growth, error){
	"user":      func(_ context.Context, p Plant, _ *plants) (*growth, error) { return exact(p, burnUser), nil },
	"kernel":    burnKernel,
	"blocked":   func(_ context.Context, p Plant, _ *plants) (*growth, error) { return exact(p, sleepInSyscall), nil },
	"run queue": waitForCPU,
	"file":      slowFile,
}

// burnUser spins until its thread has used size of CPU time, and returns what it used.
func burnUser(size time.Duration) (spent time.Duration) {
	return burn(size, spin)
}

// burn repeats what costs CPU time on one thread until that has used size.
func burn(size time.Duration, do func(rest time.Duration)) (spent time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := handshake.ThreadCPU()
	for spent < size {
		do(size - spent)
		spent = handshake.ThreadCPU() - began
	}
	return spent
}

// burnKernel reads zeros, some twenty microseconds a call, and does not tell the runtime: else that would give the P to
// another thread each time, and the two would wait for each other.
func burnKernel(_ context.Context, p Plant, _ *plants) (*growth, error) {
	zero, err := syscall.Open("/dev/zero", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	buffers := sync.Pool{New: func() any { return new([512 << 10]byte) }}
	buffers.Put(buffers.New()) // now, as making one is time in Go
	read := func(rest time.Duration) {
		buffer := buffers.Get().(*[512 << 10]byte)
		defer buffers.Put(buffer)
		for began := time.Now(); time.Since(began) < rest; {
			syscall.RawSyscall(syscall.SYS_READ, uintptr(zero), uintptr(unsafe.Pointer(buffer)), uintptr(len(buffer)))
		}
	}
	g := exact(p, func(size time.Duration) time.Duration { return burn(size, read) })
	g.stop = func() { syscall.Close(zero) }
	return g, nil
}

// sleepInSyscall sleeps in the kernel; a signal, for example of the profiler, wakes it early.
func sleepInSyscall(size time.Duration) time.Duration {
	began := time.Now()
	for rest := size; rest > 0; rest = size - time.Since(began) {
		pause := syscall.NsecToTimespec(rest.Nanoseconds())
		syscall.Nanosleep(&pause, nil)
	}
	return time.Since(began)
}

// slowFile makes GetCertificate read a named pipe, which is opened anew each time, as a file with a certificate would
// be, and which answers after the plant's size.
func slowFile(_ context.Context, p Plant, _ *plants) (*growth, error) {
	dir, err := os.MkdirTemp("", "tlslab-plant-")
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "certificate.fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	answer, err := os.OpenFile(name, os.O_RDWR, 0) // with a reader at hand: opening waits for nobody
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	stop := func() {
		answer.Close()
		os.RemoveAll(dir)
	}
	return &growth{stop: stop, choice: func() time.Duration { return readSlowly(name, answer, p.Size) }}, nil
}

// readSlowly reads the one byte that is written after size, and returns when that was; zero where the pipe has gone.
func readSlowly(name string, answer *os.File, size time.Duration) time.Duration {
	file, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer file.Close()
	var answered atomic.Int64
	began := time.Now()
	time.AfterFunc(size, func() {
		answered.Store(int64(time.Since(began)))
		answer.Write([]byte{1})
	})
	if _, err := file.Read(make([]byte, 1)); err != nil {
		return 0
	}
	if at := answered.Load(); at > 0 {
		return time.Duration(at)
	}
	return time.Since(began) // it has another reader's byte
}
