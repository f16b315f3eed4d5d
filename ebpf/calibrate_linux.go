//go:build amd64 || arm64

package ebpf

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
)

// Calibrate measures what hits cost on this machine, on this process itself, in about half a second. A price is the
// difference of the best of many short batches with and without the probe, so a busy machine hardly moves it.
func Calibrate(ctx context.Context) (p Prices, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tgid, err := hostTGID(os.Getpid())
	if err != nil {
		return p, err
	}
	steps := []func() error{
		func() error { p.Others, err = priceOfCall(0); return err },
		func() error {
			both, err := priceOfCall(tgid)
			p.SysEnter, p.SysExit = both/2, both/2
			return err
		},
		func() error { p.Emulated, err = priceOfSite(emulated); return err },
		func() error { p.Stepped, err = priceOfSite(stepped); return err },
	}
	for _, step := range steps {
		if err := errors.Join(ctx.Err(), step()); err != nil {
			return Prices{}, fmt.Errorf("calibrate: %w", err)
		}
	}
	return p, nil
}

// priceOfCall is what is added to one system call of this process while the process tgid is watched.
func priceOfCall(tgid int) (time.Duration, error) {
	l, err := newLoader(target{tgid: tgid})
	if err != nil {
		return 0, err
	}
	defer l.close()
	programs, err := l.load(tracepoints[Syscalls]...)
	if err != nil {
		return 0, err
	}
	call := func() { unix.Getppid() }
	bare := best(call, 500)
	var a attached
	defer a.detach()
	err = errors.Join(a.trace(programs, tracepoints[Syscalls], Prices{}), l.set(bpf.AccountVarRecording, uint32(1)))
	return best(call, 500) - bare, err
}

// priceOfSite is what is added to one call of a function with a probe at some instruction.
func priceOfSite(where func(code []byte) (int, bool)) (time.Duration, error) {
	l, err := newLoader(target{})
	if err != nil {
		return 0, err
	}
	defer l.close()
	call := func() { probed(1) }
	bare := best(call, 100)
	probe, err := attachOwn(l, where)
	if err != nil {
		return 0, err
	}
	defer probe.Close()
	return best(call, 100) - bare, l.set(bpf.AccountVarRecording, uint32(1))
}

// best is the time of one call in the best of some batches.
func best(call func(), each int) time.Duration {
	least := time.Duration(1<<63 - 1)
	for range 20 {
		began := time.Now()
		for range each {
			call()
		}
		least = min(least, time.Since(began))
	}
	return least / time.Duration(each)
}

// probed is a function with a frame, so that it begins as most Go functions do.
//
//go:noinline
func probed(n int) int {
	var room [256]byte
	fill(room[:], n)
	return int(room[n])
}

//go:noinline
func fill(room []byte, n int) { room[n] = 1 }

// probedOffset is where in the executable file an instruction of the probed function lies.
func probedOffset(where func(code []byte) (int, bool)) (uint64, error) {
	entry, err := fileOffset(reflect.ValueOf(probed).Pointer())
	if err != nil {
		return 0, err
	}
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	code := make([]byte, 48)
	if _, err := file.ReadAt(code, entry); err != nil {
		return 0, err
	}
	at, found := where(code)
	if !found {
		return 0, errors.New("the probed function was compiled to something unexpected")
	}
	return uint64(entry) + uint64(at), nil
}

// fileOffset is where an address of this process comes from.
func fileOffset(address uintptr) (int64, error) {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return 0, err
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var low, high, offset uintptr
		var rights string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s %x", &low, &high, &rights, &offset); err != nil {
			return 0, fmt.Errorf("/proc/self/maps: %w", err)
		}
		if low <= address && address < high {
			return int64(address - low + offset), nil
		}
	}
	return 0, errors.New("/proc/self/maps does not show this program")
}

// stepped finds an instruction that the kernel single-steps: the first one, which loads the stack's bound.
func stepped([]byte) (int, bool) { return 0, true }
