package inverse

import "math/bits"

// limbs is a number in radix 2^60: six limbs in [0, 2^60) and a signed one above.
type limbs [7]int64

const (
	width = 60
	mask  = 1<<width - 1
	top   = 6
)

func split(x *[6]uint64) limbs {
	return limbs{
		int64(x[0] & mask),
		int64((x[0]>>60 | x[1]<<4) & mask),
		int64((x[1]>>56 | x[2]<<8) & mask),
		int64((x[2]>>52 | x[3]<<12) & mask),
		int64((x[3]>>48 | x[4]<<16) & mask),
		int64((x[4]>>44 | x[5]<<20) & mask),
		int64(x[5] >> 40),
	}
}

// join sets z to a, 0 <= a < 2^384.
func (a *limbs) join(z *[6]uint64) {
	for i := range z {
		z[i] = uint64(a[i])>>(4*i) | uint64(a[i+1])<<(60-4*i)
	}
}

func (a *limbs) plus(b *limbs) (c limbs) {
	var carry int64
	for i := range c {
		carry += a[i] + b[i]
		c[i] = carry & mask
		carry >>= width
	}
	c[top] += carry << width
	return c
}

// negateIf returns -a where all is -1, a where it is 0.
func (a *limbs) negateIf(all int64) (c limbs) {
	var carry int64
	for i := range c {
		carry += (a[i] ^ all) - all
		c[i] = carry & mask
		carry >>= width
	}
	c[top] += carry << width
	return c
}

// lessIfNotUnder returns a-b where a >= b, else a.
func (a *limbs) lessIfNotUnder(b *limbs) (c limbs) {
	var carry int64
	for i := range c {
		carry += a[i] - b[i]
		c[i] = carry & mask
		carry >>= width
	}
	for i := range c {
		c[i] ^= (c[i] ^ a[i]) & carry // carry is -1 where a < b
	}
	return c
}

// wide is a signed number of 128 bits.
type wide struct{ hi, lo uint64 }

func (w *wide) addProduct(a, b uint64) {
	hi, lo := bits.Mul64(a, b)
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, lo, 0)
	w.hi, _ = bits.Add64(w.hi, hi, carry)
}

// addSigned adds a*b, b signed.
func (w *wide) addSigned(a uint64, b int64) {
	w.addProduct(a, uint64(b))
	w.hi -= a & uint64(b>>63)
}

// next takes a limb off and goes on with the rest and c.
func (w *wide) next(c int64) (limb int64) {
	limb = int64(w.lo & mask)
	rest := int64(w.hi<<(64-width)|w.lo>>width) + c
	w.lo, w.hi = uint64(rest), uint64(rest>>63)
	return limb
}

// combine returns (u*a + v*b) / 2^60, which is whole. To multiply without signs it adds 2^60 to u and v, and takes a
// and b, one limb higher, off again.
//
// Sums are under 2^123: u+2^60 and v+2^60 are together at most 2^60+2^61 and limbs are under 2^60.
func combine(u, v int64, a, b *limbs) (c limbs) {
	x, y := uint64(u+1<<width), uint64(v+1<<width)
	var w wide
	w.addProduct(x, uint64(a[0]))
	w.addProduct(y, uint64(b[0]))
	w.next(-a[0] - b[0])
	for i := 1; i < top; i++ {
		w.addProduct(x, uint64(a[i]))
		w.addProduct(y, uint64(b[i]))
		c[i-1] = w.next(-a[i] - b[i])
	}
	w.addSigned(x, a[top])
	w.addSigned(y, b[top])
	c[top-1] = w.next(-a[top] - b[top])
	c[top] = int64(w.lo)
	return c
}

// combine returns (u*a + v*b) / 2^60 mod m, at most m above what an exact quotient would be.
func (m *Modulus) combine(u, v int64, a, b *limbs) (c limbs) {
	x, y := uint64(u+1<<width), uint64(v+1<<width)
	var w wide
	w.addProduct(x, uint64(a[0]))
	w.addProduct(y, uint64(b[0]))
	z := w.lo * m.negInv & mask
	w.addProduct(z, uint64(m.m[0]))
	w.next(-a[0] - b[0])
	for i := 1; i < top; i++ {
		w.addProduct(x, uint64(a[i]))
		w.addProduct(y, uint64(b[i]))
		w.addProduct(z, uint64(m.m[i]))
		c[i-1] = w.next(-a[i] - b[i])
	}
	w.addSigned(x, a[top])
	w.addSigned(y, b[top])
	w.addProduct(z, uint64(m.m[top]))
	c[top-1] = w.next(-a[top] - b[top])
	c[top] = int64(w.lo)
	return c
}
