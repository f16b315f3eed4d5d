package hist

import (
	"fmt"
	"math"
	"math/bits"
)

// Layout is the number of bits that tell the buckets of one octave apart: 2^Layout buckets for each.
type Layout uint8

const (
	Coarsest Layout = 1
	Fine     Layout = 10 // HdrHistogram with 3 significant digits; the finest there is
)

// Check says whether the layout exists.
func (l Layout) Check() error {
	if l < Coarsest || l > Fine {
		return fmt.Errorf("layout of %d sub-bucket bits: want %d to %d", l, Coarsest, Fine)
	}
	return nil
}

// Index is the number of the bucket that v lies in. A negative v counts as 0.
func (l Layout) Index(v int64) int {
	u := uint64(max(v, 0))
	shift := max(bits.Len64(u)-int(l)-1, 0)
	return shift<<l + int(u>>shift)
}

// Bounds are the smallest and the largest value of bucket i, 0 <= i < Len.
func (l Layout) Bounds(i int) (lo, hi int64) {
	shift := max(i>>l-1, 0)
	lo = int64(i-shift<<l) << shift
	return lo, lo + (1<<shift - 1)
}

// Len is the number of buckets that hold all values up to [math.MaxInt64].
func (l Layout) Len() int { return l.Index(math.MaxInt64) + 1 }
