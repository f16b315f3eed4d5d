package hist

import (
	"math"
	"sync/atomic"
	"time"
)

// Longest is the largest value that a [Recorder] tells apart.
const Longest = time.Hour

// Recorder counts values from many goroutines at once: no lock, no allocation, 261 KiB of counts.
type Recorder struct {
	counts   []atomic.Uint64 // all buckets up to that of Longest
	sum      atomic.Uint64
	min, max atomic.Int64
	overflow atomic.Uint64
}

// NewRecorder is an empty recorder of the [Fine] layout.
func NewRecorder() *Recorder {
	r := &Recorder{counts: make([]atomic.Uint64, Fine.Index(int64(Longest))+1)}
	r.min.Store(math.MaxInt64)
	return r
}

// Record counts one duration. A negative one counts as 0, one above [Longest] as Longest, and as overflow.
func (r *Recorder) Record(d time.Duration) {
	v := int64(max(d, 0))
	if d > Longest {
		v = int64(Longest)
		r.overflow.Add(1)
	}
	lower(&r.min, v)
	raise(&r.max, v)
	r.sum.Add(uint64(v))
	r.counts[Fine.Index(v)].Add(1) // last, so that a snapshot's counts never run ahead of its extremes
}

func lower(a *atomic.Int64, v int64) {
	for old := a.Load(); v < old && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

func raise(a *atomic.Int64, v int64) {
	for old := a.Load(); v > old && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

// Overflow is the number of values above [Longest]. Where it is not 0, the upper quantiles and the maximum are
// lower bounds.
func (r *Recorder) Overflow() uint64 { return r.overflow.Load() }

// Snapshot is the histogram of what was recorded. It is exact once recording has stopped; during it, counts are
// those of some instant for each bucket, and the sum is brought within what they allow.
func (r *Recorder) Snapshot() Histogram {
	counts := make([]uint64, len(r.counts))
	for i := range r.counts {
		counts[i] = r.counts[i].Load()
	}
	h := fromCounts(Fine, counts)
	if h.count > 0 {
		h.min = max(h.min, min(r.min.Load(), h.max))
		h.max = min(h.max, max(r.max.Load(), h.min))
		h.settle(r.sum.Load())
	}
	return h
}
