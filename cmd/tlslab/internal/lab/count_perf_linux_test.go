package lab

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// Where the kernel has no counter of instructions, one of time shows that the events are read.
func TestPerfCounter(t *testing.T) {
	by := perfCounter{unix.PERF_TYPE_SOFTWARE, unix.PERF_COUNT_SW_TASK_CLOCK}
	own, err := by.open(unix.Getpid())
	if err != nil {
		t.Skip("this kernel or its perf_event_paranoid gives no counters: ", err)
	}
	own.Close()
	c, cells, std := countOf(t, by)
	c.seeded = sizes{5, 205}
	counts := mustCount(t, c, cells[0], std)
	// the units are nanoseconds: a handshake takes more than 10 us and less than a second
	for name, n := range map[string]float64{"server": counts.Server.Instructions[""], "client": counts.Client.Instructions[""]} {
		if n < 1e4 || n > 1e9 {
			t.Errorf("%s: %.0f", name, n)
		}
	}
	if counts.Key.Counter != "perf_event" {
		t.Errorf("counted by %s", counts.Key.Counter)
	}
}

// A process that has ended has nothing to count; that is no error of the counter.
func TestPerfCounterOfNoProcess(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	counting, err := perfCounter{}.wrap(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := counting.begin(cmd.Process.Pid); err != nil {
		t.Error(err)
	}
	if got, err := counting.end(); err != nil || got[""] != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}
