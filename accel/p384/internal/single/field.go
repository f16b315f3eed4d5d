package single

import "math/bits"

// element is a number modulo p = 2^384 - 2^128 - 2^96 + 2^32 - 1, below p, times 2^384 (Montgomery's form).
type element [6]uint64

// The limbs of p; the last three are all ones.
const (
	p0   = 0x00000000ffffffff
	p1   = 0xffffffff00000000
	p2   = 0xfffffffffffffffe
	ones = 0xffffffffffffffff
)

// 2^384 is the form of 1; 2^768 and 2^1152 bring what has not got the form, or has the inverse of it, into it.
var (
	one    = element{1<<64 - 1<<32 + 1, 1<<32 - 1, 1}
	square = element{0xfffffffe00000001, 0x0000000200000000, 0xfffffffe00000000, 0x0000000200000000, 1}
	cube   = element{0xfffffffc00000002, 0x0000000300000002, 0xfffffffcfffffffe, 0x0000000300000005, 0xfffffffdfffffffd, 0x0000000300000002}
)

// toField and fromField change the form. x < p.
func (z *element) toField(x *[6]uint64) { z.mul((*element)(x), &square) }

func (z *element) fromField(x *element) { z.mul(x, &element{1}) }

// add sets z to x+y.
func (z *element) add(x, y *element) {
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, c := bits.Add64(x[3], y[3], c)
	t4, c := bits.Add64(x[4], y[4], c)
	t5, c := bits.Add64(x[5], y[5], c)
	z.reduce(t0, t1, t2, t3, t4, t5, c)
}

// sub sets z to x-y.
func (z *element) sub(x, y *element) {
	t0, c := bits.Sub64(x[0], y[0], 0)
	t1, c := bits.Sub64(x[1], y[1], c)
	t2, c := bits.Sub64(x[2], y[2], c)
	t3, c := bits.Sub64(x[3], y[3], c)
	t4, c := bits.Sub64(x[4], y[4], c)
	t5, c := bits.Sub64(x[5], y[5], c)
	z.addMasked(t0, t1, t2, t3, t4, t5, -c)
}

// halve sets z to x/2: an odd one plus p is even.
func (z *element) halve(x *element) {
	high := z.addMasked(x[0], x[1], x[2], x[3], x[4], x[5], -(x[0] & 1))
	for i := range 5 {
		z[i] = z[i]>>1 | z[i+1]<<63
	}
	z[5] = z[5]>>1 | high<<63
}

// addMasked sets z to t, plus p where mask is all ones, and returns the carry.
func (z *element) addMasked(t0, t1, t2, t3, t4, t5, mask uint64) (c uint64) {
	z[0], c = bits.Add64(t0, mask&p0, 0)
	z[1], c = bits.Add64(t1, mask&p1, c)
	z[2], c = bits.Add64(t2, mask&p2, c)
	z[3], c = bits.Add64(t3, mask, c)
	z[4], c = bits.Add64(t4, mask, c)
	z[5], c = bits.Add64(t5, mask, c)
	return c
}

// reduce sets z to t mod p; t < 2p has seven limbs.
func (z *element) reduce(t0, t1, t2, t3, t4, t5, t6 uint64) {
	s0, c := bits.Sub64(t0, p0, 0)
	s1, c := bits.Sub64(t1, p1, c)
	s2, c := bits.Sub64(t2, p2, c)
	s3, c := bits.Sub64(t3, ones, c)
	s4, c := bits.Sub64(t4, ones, c)
	s5, c := bits.Sub64(t5, ones, c)
	_, c = bits.Sub64(t6, 0, c)
	under := -c
	z[0] = s0 ^ (s0^t0)&under
	z[1] = s1 ^ (s1^t1)&under
	z[2] = s2 ^ (s2^t2)&under
	z[3] = s3 ^ (s3^t3)&under
	z[4] = s4 ^ (s4^t4)&under
	z[5] = s5 ^ (s5^t5)&under
}

// negateIf sets z to -z where all is all ones, leaves it where it is 0. z is not 0.
func (z *element) negateIf(all uint64) {
	var n element
	n.sub(&element{}, z)
	for i := range z {
		z[i] ^= (z[i] ^ n[i]) & all
	}
}

// isZero is 1 or 0.
func (z *element) isZero() uint64 {
	set := z[0] | z[1] | z[2] | z[3] | z[4] | z[5]
	return 1 ^ (set|-set)>>63
}
