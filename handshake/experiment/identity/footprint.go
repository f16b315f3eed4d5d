package identity

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// footprint is what this process holds.
type footprint struct {
	goroutines  int
	descriptors int // -1: the system does not say
	heap        uint64
}

// tread takes the footprint of the process: the heap after two collections.
func tread() (f footprint) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.goroutines, f.descriptors, f.heap = runtime.NumGoroutine(), -1, m.HeapAlloc
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.descriptors = len(open) - 1 // the directory itself
	}
	return f
}

// settleTime is how long what is closing may take to close.
const settleTime = 3 * time.Second

// treadAgain takes the footprint once there are no more goroutines than before, or after a while.
func (before footprint) treadAgain(ctx context.Context) footprint {
	until(ctx, settleTime, func() bool { return runtime.NumGoroutine() <= before.goroutines })
	return tread()
}

// measures are what was held before and after. Descriptors are left out where the system does not say.
func (before footprint) measures(after footprint) []experiment.Measure {
	held := func(name, unit string, n float64) experiment.Measure {
		return experiment.Measure{Name: name, Unit: unit, Value: n, Of: 1}
	}
	all := []experiment.Measure{
		held("goroutines_before", "goroutines", float64(before.goroutines)),
		held("goroutines_after", "goroutines", float64(after.goroutines)),
		held("heap_before", "B", float64(before.heap)),
		held("heap_after", "B", float64(after.heap)),
	}
	if before.descriptors < 0 {
		return all
	}
	return append(all,
		held("descriptors_before", "descriptors", float64(before.descriptors)),
		held("descriptors_after", "descriptors", float64(after.descriptors)))
}
