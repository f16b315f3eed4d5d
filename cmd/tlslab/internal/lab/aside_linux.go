package lab

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// stepAside keeps this process's own threads to some CPUs, the generator's, while a stretch is measured: what the lab
// does meanwhile must not cost the server. It returns what lets them go again. No CPUs, or a refusal: nothing happens.
func stepAside(cpus []int) (back func()) {
	var set, before unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if len(cpus) == 0 || unix.SchedGetaffinity(0, &before) != nil {
		return func() {}
	}
	bindThreads(&set)
	return func() { bindThreads(&before) }
}

// bindThreads binds twice: a thread that began meanwhile has the binding of the one that began it.
func bindThreads(set *unix.CPUSet) {
	for range 2 {
		threads, _ := os.ReadDir("/proc/self/task")
		for _, thread := range threads {
			if tid, err := strconv.Atoi(thread.Name()); err == nil {
				_ = unix.SchedSetaffinity(tid, set) // it may have ended
			}
		}
	}
}
