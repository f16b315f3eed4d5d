//go:build amd64 && !purego

package ifma8

import "math/bits"

// scalar holds a number's 64-bit words in eight lanes.
type scalar [7][8]uint64

// setOdd sets a lane to k or to n-k, whichever is odd, with bit 385 set. Then bits 1 to 385 are the signs of a sum of
// ±2^i over i < 385 that is the odd number itself, and any width of them at a time are a digit, which is odd.
func (s *scalar) setOdd(lane int, k, n *[6]uint64) {
	even := k[0]&1 - 1
	var negated, borrow uint64
	for i := range k {
		negated, borrow = bits.Sub64(n[i], k[i], borrow)
		s[i][lane] = k[i] ^ even&(k[i]^negated)
	}
	s[6][lane] = 2
}

func inRange(x, below *[6]uint64) bool {
	return x[0]|x[1]|x[2]|x[3]|x[4]|x[5] != 0 && less(x, below)
}

func less(x, y *[6]uint64) bool {
	for i := 5; i > 0; i-- {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return x[0] < y[0]
}

// plus adds two numbers; ok says that the sum is below 2^384.
func plus(x, y *[6]uint64) (sum [6]uint64, ok bool) {
	var carry uint64
	for i := range sum {
		sum[i], carry = bits.Add64(x[i], y[i], carry)
	}
	return sum, carry == 0
}
