package hist

import "slices"

// fromCounts is the histogram of counts by bucket number. Minimum and maximum are the outer edges of the outermost
// buckets, the sum takes every value for the middle of its bucket.
func fromCounts(layout Layout, counts []uint64) Histogram {
	h := Histogram{layout: layout}
	first, last := -1, -1
	for i, n := range counts {
		if n == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
		lo, hi := layout.Bounds(i)
		h.count += n
		h.sum = addProduct(h.sum, uint64(lo+(hi-lo)/2), n)
	}
	if h.count > 0 {
		h.min, _ = layout.Bounds(first)
		_, h.max = layout.Bounds(last)
		h.counts = slices.Clone(counts[first : last+1])
	}
	return h
}

// settle takes sum as the sum of h, or the nearest one that the buckets allow.
func (h *Histogram) settle(sum uint64) {
	least, most := h.sums()
	h.sum = min(max(sum, least), most)
}

// sums are the smallest and the largest sum that the buckets and the extremes allow.
func (h *Histogram) sums() (least, most uint64) {
	for b := range h.Buckets() {
		least = addProduct(least, uint64(max(b.Lo, h.min)), b.Count)
		most = addProduct(most, uint64(min(b.Hi, h.max)), b.Count)
	}
	return least, most
}
