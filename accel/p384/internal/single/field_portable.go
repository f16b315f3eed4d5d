package single

import "math/bits"

// mulPortable sets z to x*y/2^384 mod p, limb by limb of y.
//
// 2^384 - p = 2^128 + 2^96 - 2^32 + 1 =: d, and d mod 2^64 = 1 - 2^32 is the inverse of 1 + 2^32. So with
// m = t*(1 + 2^32) mod 2^64, t - m*d ends in a limb of 0, and to add m*p is to add m*2^384 and to take m*d away. With
// m = high*2^32 + rest, m*d is, limb by limb, t, rest*2^32 - high, high + m, and borrows and carries; rest is the lower
// half of t, and a carry of t + t*2^32 is the borrow from limb 1.
func (z *element) mulPortable(x, y *element) {
	x0, x1, x2, x3, x4, x5 := x[0], x[1], x[2], x[3], x[4], x[5]
	var t0, t1, t2, t3, t4, t5, t6 uint64 // below x+p between two limbs of y
	for _, b := range y {
		h0, l0 := bits.Mul64(x0, b)
		h1, l1 := bits.Mul64(x1, b)
		h2, l2 := bits.Mul64(x2, b)
		h3, l3 := bits.Mul64(x3, b)
		h4, l4 := bits.Mul64(x4, b)
		h5, l5 := bits.Mul64(x5, b)
		l1, c := bits.Add64(l1, h0, 0)
		l2, c = bits.Add64(l2, h1, c)
		l3, c = bits.Add64(l3, h2, c)
		l4, c = bits.Add64(l4, h3, c)
		l5, c = bits.Add64(l5, h4, c)
		h5 += c
		t0, c = bits.Add64(t0, l0, 0)
		t1, c = bits.Add64(t1, l1, c)
		t2, c = bits.Add64(t2, l2, c)
		t3, c = bits.Add64(t3, l3, c)
		t4, c = bits.Add64(t4, l4, c)
		t5, c = bits.Add64(t5, l5, c)
		t6, c = bits.Add64(t6, h5, c)
		t7 := c

		rest := t0 << 32
		m, c := bits.Add64(t0, rest, 0)
		d1, c := bits.Sub64(rest, m>>32, c)
		d2, d3 := bits.Add64(m>>32-c, m, 0)
		t0, c = bits.Sub64(t1, d1, 0)
		t1, c = bits.Sub64(t2, d2, c)
		t2, c = bits.Sub64(t3, d3, c)
		t3, c = bits.Sub64(t4, 0, c)
		t4, c = bits.Sub64(t5, 0, c)
		t5, c = bits.Add64(t6, m-c, 0) // nothing is borrowed where m is 0
		t6 = t7 + c
	}
	z.reduce(t0, t1, t2, t3, t4, t5, t6)
}
