package variant

import (
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// firstCPU is a CPU that this process may use.
func firstCPU(t *testing.T) int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for cpu := range 1024 {
		if set.IsSet(cpu) {
			return cpu
		}
	}
	t.Fatal("no CPU is allowed")
	return 0
}

func TestPinned(t *testing.T) {
	before := runtime.NumCPU()
	p := start(t, "good", Options{CPUs: []int{firstCPU(t)}})
	defer p.Stop(t.Context())
	if got := p.Hello().GOMAXPROCS; got != 1 {
		t.Errorf("the child sees %d CPUs, want 1", got)
	}
	free := start(t, "good", Options{})
	defer free.Stop(t.Context())
	if got := free.Hello().GOMAXPROCS; got != before {
		t.Errorf("the next child sees %d CPUs, want %d", got, before)
	}
}

func TestCannotPin(t *testing.T) {
	err := StartPinned(exec.Command(self(t).Path), []int{firstCPU(t), 1023})
	var with *Error
	if !errors.As(err, &with) || !strings.Contains(err.Error(), "may not use CPU 1023") {
		t.Errorf("got %v, want an *Error on CPU 1023", err)
	}
}

// The kernel kills a child when the thread that started it ends. Here many threads end.
func TestThreadsEnd(t *testing.T) {
	p := start(t, "good", Options{})
	var ended sync.WaitGroup
	for range 50 {
		ended.Go(func() { runtime.LockOSThread() }) // the thread ends with the goroutine
	}
	ended.Wait()
	if err := p.Begin(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOwnProcessGroup(t *testing.T) {
	p := start(t, "good", Options{})
	defer p.Stop(t.Context())
	if group, err := unix.Getpgid(p.PID()); err != nil || group != p.PID() {
		t.Errorf("process group %d, %v; want %d", group, err, p.PID())
	}
}
