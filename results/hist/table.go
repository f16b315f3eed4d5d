package hist

import "fmt"

// FromCounts is the histogram of counts by bucket number, as a table in the kernel keeps them: counts[i] values lay
// in bucket i of the layout, and sum is that of all values, as far as it is known. Minimum and maximum are the outer
// edges of the outermost buckets; a sum that the buckets do not allow becomes the nearest that they do.
func FromCounts(layout Layout, counts []uint64, sum uint64) (Histogram, error) {
	if err := layout.Check(); err != nil {
		return Histogram{}, err
	}
	if len(counts) > layout.Len() {
		return Histogram{}, fmt.Errorf("%d buckets: a layout of %d sub-bucket bits has %d", len(counts), layout, layout.Len())
	}
	h := fromCounts(layout, counts)
	if h.count > MaxCount {
		return Histogram{}, fmt.Errorf("%d values: a histogram holds %d", h.count, uint64(MaxCount))
	}
	if h.count > 0 {
		h.settle(sum)
	}
	return h, nil
}
