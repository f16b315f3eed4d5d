package server

import (
	"math"
	"runtime"
	"runtime/metrics"
	"time"
)

// gauges is one reading of the runtime. Allocations come from ReadMemStats, which is exact because it stops the
// world; so it is read outside the stretch.
type gauges struct {
	mallocs, allocated uint64
	metrics            map[string]metrics.Value
}

const (
	heapLive   = "/memory/classes/heap/objects:bytes"
	goroutines = "/sched/goroutines:goroutines"
	gcCycles   = "/gc/cycles/total:gc-cycles"
	gcPauses   = "/sched/pauses/total/gc:seconds"
	gcCPU      = "/cpu/classes/gc/total:cpu-seconds"
	mutexWait  = "/sync/mutex/wait/total:seconds"
	latencies  = "/sched/latencies:seconds"
)

func readGauges() gauges {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	names := []string{heapLive, goroutines, gcCycles, gcPauses, gcCPU, mutexWait, latencies}
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	g := gauges{memory.Mallocs, memory.TotalAlloc, map[string]metrics.Value{}}
	for _, s := range samples {
		g.metrics[s.Name] = s.Value
	}
	return g
}

// readGCCycles costs about a microsecond and stops nobody.
func readGCCycles() uint64 {
	sample := []metrics.Sample{{Name: gcCycles}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func (g gauges) since(earlier gauges) Runtime {
	count := func(name string) uint64 { return g.metrics[name].Uint64() }
	seconds := func(name string) time.Duration {
		return duration(g.metrics[name].Float64() - earlier.metrics[name].Float64())
	}
	waits := gained(g.metrics[latencies].Float64Histogram(), earlier.metrics[latencies].Float64Histogram())
	pauses := gained(g.metrics[gcPauses].Float64Histogram(), earlier.metrics[gcPauses].Float64Histogram())
	return Runtime{
		AllocObjects:   g.mallocs - earlier.mallocs,
		AllocBytes:     g.allocated - earlier.allocated,
		HeapLive:       count(heapLive),
		Goroutines:     count(goroutines),
		GCCycles:       count(gcCycles) - earlier.metrics[gcCycles].Uint64(),
		GCPause:        duration(total(pauses)),
		GCCPU:          seconds(gcCPU),
		MutexWait:      seconds(mutexWait),
		SchedLatency50: duration(quantile(waits, 0.50)),
		SchedLatency99: duration(quantile(waits, 0.99)),
	}
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// gained is the histogram of what came since earlier; the runtime never changes the buckets of a metric.
func gained(now, earlier *metrics.Float64Histogram) *metrics.Float64Histogram {
	h := &metrics.Float64Histogram{Counts: make([]uint64, len(now.Counts)), Buckets: now.Buckets}
	for i, n := range now.Counts {
		h.Counts[i] = n - earlier.Counts[i]
	}
	return h
}

// total sums the lower bounds of the buckets: a sum that is never too high.
func total(h *metrics.Float64Histogram) (sum float64) {
	for i, n := range h.Counts {
		sum += float64(n) * math.Max(h.Buckets[i], 0)
	}
	return sum
}

// quantile is the upper bound of the bucket that holds the q-th part, or its lower bound where that is infinite;
// zero for an empty histogram.
func quantile(h *metrics.Float64Histogram, q float64) float64 {
	var all, seen uint64
	for _, n := range h.Counts {
		all += n
	}
	for i, n := range h.Counts {
		seen += n
		if n > 0 && float64(seen) >= q*float64(all) {
			if upper := h.Buckets[i+1]; !math.IsInf(upper, 1) {
				return upper
			}
			return h.Buckets[i]
		}
	}
	return 0
}
