package hist

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"
)

// MaxCount is the most values that a histogram holds; up to it, HdrHistogram's encoding of integers and that of
// encoding/binary agree.
const MaxCount = 1<<62 - 1

// Histogram counts values in nanoseconds. The zero Histogram is empty, ready for use and takes the layout of the
// first histogram merged into it, or [Fine] when it records.
//
// It is a value, but a copy shares its counts with the original: [Histogram.Clone] before recording into a copy.
// Only Record writes to shared counts; all other methods leave copies alone.
type Histogram struct {
	layout   Layout   // zero: not yet known
	counts   []uint64 // of the buckets from that of min to that of max; nil if empty
	count    uint64
	sum      uint64
	min, max int64
}

// New is an empty histogram of the given layout.
func New(layout Layout) (Histogram, error) {
	if err := layout.Check(); err != nil {
		return Histogram{}, err
	}
	return Histogram{layout: layout}, nil
}

// Bucket is one non-empty bucket: Count values from Lo to Hi nanoseconds, both included.
type Bucket struct {
	Lo, Hi int64
	Count  uint64
}

// Layout is the layout of the buckets; zero for a histogram that never held anything.
func (h *Histogram) Layout() Layout { return h.layout }

// Count is the number of recorded values.
func (h *Histogram) Count() uint64 { return h.count }

// Min is the smallest recorded value, 0 if there is none.
func (h *Histogram) Min() int64 { return h.min }

// Max is the largest recorded value, 0 if there is none.
func (h *Histogram) Max() int64 { return h.max }

// Sum is the sum of the recorded values; it stays at [math.MaxUint64] once that is reached, after 584 years.
func (h *Histogram) Sum() uint64 { return h.sum }

// Mean is the arithmetic mean of the recorded values, 0 if there are none: ask Count first.
func (h *Histogram) Mean() float64 {
	if h.count == 0 {
		return 0
	}
	return float64(h.sum) / float64(h.count)
}

// Record counts one value of v nanoseconds. A negative v counts as 0.
func (h *Histogram) Record(v int64) {
	v = max(v, 0)
	if h.layout == 0 {
		h.layout = Fine
	}
	h.cover(v, v)
	h.counts[h.layout.Index(v)-h.first()]++
	h.count++
	h.sum = addProduct(h.sum, uint64(v), 1)
}

// first is the number of the bucket that counts[0] belongs to.
func (h *Histogram) first() int { return h.layout.Index(h.min) }

// cover makes room for values from lo to hi.
func (h *Histogram) cover(lo, hi int64) {
	if h.count == 0 {
		h.min, h.max, h.counts = lo, lo, []uint64{0}
	}
	if lo < h.min {
		h.counts = slices.Concat(make([]uint64, h.first()-h.layout.Index(lo)), h.counts)
		h.min = lo
	}
	if hi > h.max {
		h.counts = append(h.counts, make([]uint64, h.layout.Index(hi)-h.layout.Index(h.max))...)
		h.max = hi
	}
}

// addProduct is sum + v*n, at most MaxUint64.
func addProduct(sum, v, n uint64) uint64 {
	over, product := bits.Mul64(v, n)
	total, carry := bits.Add64(sum, product, 0)
	if over != 0 || carry != 0 {
		return math.MaxUint64
	}
	return total
}

// Quantile is the value that a share q of the recorded values does not exceed, by nearest rank, as the largest
// value of its bucket, never above Max. 0 is Min, 1 is Max; a q outside of that counts as the nearer of the two.
// It is 0 if the histogram is empty.
func (h *Histogram) Quantile(q float64) int64 {
	if !(q > 0) {
		return h.min
	}
	if q >= 1 {
		return h.max
	}
	below := math.Nextafter(q, 0) // 0.999*1000 is 999.0000000000001, and the rank is 999
	rank := uint64(math.Ceil(below * float64(h.count)))
	var seen uint64
	for b := range h.Buckets() {
		if seen += b.Count; seen >= rank {
			return min(b.Hi, h.max)
		}
	}
	return h.max
}

// Buckets yields the non-empty buckets, the smallest values first.
func (h *Histogram) Buckets() iter.Seq[Bucket] {
	return func(yield func(Bucket) bool) {
		for i, n := range h.counts {
			if n == 0 {
				continue
			}
			lo, hi := h.layout.Bounds(h.first() + i)
			if !yield(Bucket{lo, hi, n}) {
				return
			}
		}
	}
}

// Clone is a copy that shares nothing with h.
func (h *Histogram) Clone() Histogram {
	c := *h
	c.counts = slices.Clone(h.counts)
	return c
}

// Merge adds the values of other to h. It fails where the layouts differ, coarsen the finer one first, and where
// the sum of the counts exceeds [MaxCount]; h is then unchanged.
func (h *Histogram) Merge(other *Histogram) error {
	if other.count == 0 {
		return nil
	}
	if h.layout != 0 && h.layout != other.layout {
		return fmt.Errorf("merge histograms of %d and %d sub-bucket bits", h.layout, other.layout)
	}
	if h.count > MaxCount-other.count {
		return errors.New("merge histograms: too many values")
	}
	o := *other // h may be other
	h.layout = o.layout
	h.counts = slices.Clone(h.counts)
	h.cover(o.min, o.max)
	at := o.first() - h.first()
	for i, n := range o.counts {
		h.counts[at+i] += n
	}
	h.count += o.count
	h.sum = addProduct(h.sum, o.sum, 1)
	return nil
}

// Coarsen is h with fewer sub-bucket bits, exactly as if its values had been recorded so. Count, minimum, maximum
// and sum stay. It fails where layout is finer than that of h.
func (h *Histogram) Coarsen(layout Layout) (Histogram, error) {
	if err := layout.Check(); err != nil {
		return Histogram{}, err
	}
	if h.count == 0 {
		return Histogram{layout: layout}, nil
	}
	if layout > h.layout {
		return Histogram{}, fmt.Errorf("coarsen a histogram of %d sub-bucket bits to %d", h.layout, layout)
	}
	c := Histogram{layout: layout}
	c.cover(h.min, h.max)
	for b := range h.Buckets() {
		c.counts[layout.Index(b.Lo)-c.first()] += b.Count
	}
	c.count, c.sum = h.count, h.sum
	return c, nil
}

// Check proves what must hold of every histogram: the buckets add up to Count, Min and Max lie in the outermost
// ones, Sum is possible, and Min <= p50 <= p99 <= Max.
func (h *Histogram) Check() error {
	if h.count == 0 {
		if h.min != 0 || h.max != 0 || h.sum != 0 || len(h.counts) != 0 {
			return errors.New("histogram: empty, but not zero")
		}
		return nil
	}
	if err := h.layout.Check(); err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	if h.min < 0 || h.min > h.max || len(h.counts) != h.layout.Index(h.max)-h.first()+1 ||
		h.counts[0] == 0 || h.counts[len(h.counts)-1] == 0 {
		return fmt.Errorf("histogram: minimum %d and maximum %d are not in the outermost buckets", h.min, h.max)
	}
	return errors.Join(h.checkSums(), h.checkQuantiles())
}

func (h *Histogram) checkSums() error {
	var count uint64
	for _, n := range h.counts {
		count += n
	}
	least, most := h.sums()
	if count != h.count || count > MaxCount {
		return fmt.Errorf("histogram: buckets hold %d values, count is %d", count, h.count)
	}
	if h.sum < least || h.sum > most {
		return fmt.Errorf("histogram: sum is %d, buckets allow %d to %d", h.sum, least, most)
	}
	return nil
}

func (h *Histogram) checkQuantiles() error {
	p50, p99 := h.Quantile(0.50), h.Quantile(0.99)
	if !slices.IsSorted([]int64{h.min, p50, p99, h.max}) {
		return fmt.Errorf("histogram: minimum %d, p50 %d, p99 %d, maximum %d are not in order", h.min, p50, p99, h.max)
	}
	return nil
}
