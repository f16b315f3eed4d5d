package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// perfCounter counts with the CPU's own counter, by perf_event_open(2): totals only, at full speed.
type perfCounter struct{ kind, event uint64 }

// newPerfCounter finds out whether the kernel counts instructions in user mode: many virtual machines have no counter,
// and a kernel may forbid it (/proc/sys/kernel/perf_event_paranoid).
func newPerfCounter() (counter, error) {
	c := perfCounter{unix.PERF_TYPE_HARDWARE, unix.PERF_COUNT_HW_INSTRUCTIONS}
	event, err := c.open(unix.Getpid())
	if err != nil {
		return nil, err
	}
	return c, event.Close()
}

func (perfCounter) name() string { return "perf_event" }

func (c perfCounter) wrap(*exec.Cmd) (counting, error) {
	return &threads{counter: c, events: map[int]*os.File{}}, nil
}

// open counts one thread from now on, and those that it starts.
func (c perfCounter) open(tid int) (*os.File, error) {
	fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type:   uint32(c.kind),
		Config: c.event,
		Size:   unix.PERF_ATTR_SIZE_VER1,
		Bits:   unix.PerfBitInherit | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("perf_event_open: %w", err)
	}
	return os.NewFile(uintptr(fd), "perf_event"), nil
}

// threads is the count of one process by that of its threads.
type threads struct {
	counter perfCounter
	events  map[int]*os.File
}

// begin opens an event for every thread. The process waits meanwhile; a thread that begins all the same is found in
// the next round, or counted with the one that began it.
func (t *threads) begin(pid int) error {
	for found := true; found; {
		found = false
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if err != nil {
			return err
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(filepath.Base(task))
			if err != nil || t.events[tid] != nil {
				continue
			}
			event, err := t.counter.open(tid)
			if errors.Is(err, unix.ESRCH) {
				continue // it has ended
			}
			if err != nil {
				return err
			}
			t.events[tid], found = event, true
		}
	}
	return nil
}

// end adds up the events, which outlive the threads.
func (t *threads) end() (map[string]uint64, error) {
	var sum uint64
	var errs []error
	for event := range maps.Values(t.events) {
		var count [8]byte
		_, err := event.Read(count[:])
		sum += binary.NativeEndian.Uint64(count[:])
		errs = append(errs, err, event.Close())
	}
	return map[string]uint64{"": sum}, errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == nil })...)
}
