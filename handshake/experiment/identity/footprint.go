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

const (
	stillFor = 200 * time.Millisecond // without fewer goroutines
	stillBy  = 5 * time.Second
)

// tread takes the footprint of the process once what is closing has closed; the heap after two collections.
func tread(ctx context.Context) (f footprint) {
	f.goroutines, f.descriptors = runtime.NumGoroutine(), -1
	fell := time.Now()
	until(ctx, stillBy, func() bool {
		if n := runtime.NumGoroutine(); n < f.goroutines {
			f.goroutines, fell = n, time.Now()
		}
		return time.Since(fell) > stillFor
	})
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = m.HeapAlloc
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.descriptors = len(open) - 1 // the directory itself
	}
	return f
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
		held("goroutines_grown", "goroutines", float64(after.goroutines-before.goroutines)),
		held("heap_grown", "B", float64(after.heap)-float64(before.heap)),
	}
	if before.descriptors < 0 {
		return all
	}
	return append(all,
		held("descriptors_before", "descriptors", float64(before.descriptors)),
		held("descriptors_after", "descriptors", float64(after.descriptors)),
		held("descriptors_grown", "descriptors", float64(after.descriptors-before.descriptors)))
}
