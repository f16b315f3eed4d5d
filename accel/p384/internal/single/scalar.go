package single

import "math/bits"

// scalar is a number modulo n, the order of the group, below n and in no special form but where said.
type scalar [6]uint64

var order = scalar{0xecec196accc52973, 0x581a0db248b0a77a, 0xc7634d81f4372ddf, ones, ones, ones}

// orderSquare is 2^768 mod n.
var orderSquare = scalar{0x2d319b2419b409a9, 0xff3d81e5df1aa419, 0xbc3e483afcb82947, 0xd40d49174aab1cc5, 0x3fb05b7a28266895, 0x0c84ee012b39bf21}

const orderNegInv = 0x6ed46089e88fdc45 // -1/n mod 2^64

// mul sets z to x*y mod n.
func (z *scalar) mul(x, y *scalar) {
	z.mont(x, &orderSquare)
	z.mont(z, y)
}

// mont sets z to x*y/2^384 mod n. One of x and y may be n or more.
func (z *scalar) mont(x, y *scalar) {
	var t [7]uint64
	for _, b := range y {
		over := addProduct(&t, x, b)
		over += addProduct(&t, &order, t[0]*orderNegInv)
		t = [7]uint64{t[1], t[2], t[3], t[4], t[5], t[6], over}
	}
	z.reduce((*[6]uint64)(t[:6]), t[6])
}

// addProduct adds x*b to t and returns what no longer fits.
func addProduct(t *[7]uint64, x *scalar, b uint64) uint64 {
	h0, l0 := bits.Mul64(x[0], b)
	h1, l1 := bits.Mul64(x[1], b)
	h2, l2 := bits.Mul64(x[2], b)
	h3, l3 := bits.Mul64(x[3], b)
	h4, l4 := bits.Mul64(x[4], b)
	h5, l5 := bits.Mul64(x[5], b)
	l1, c := bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	l4, c = bits.Add64(l4, h3, c)
	l5, c = bits.Add64(l5, h4, c)
	h5 += c
	t[0], c = bits.Add64(t[0], l0, 0)
	t[1], c = bits.Add64(t[1], l1, c)
	t[2], c = bits.Add64(t[2], l2, c)
	t[3], c = bits.Add64(t[3], l3, c)
	t[4], c = bits.Add64(t[4], l4, c)
	t[5], c = bits.Add64(t[5], l5, c)
	t[6], c = bits.Add64(t[6], h5, c)
	return c
}

// reduce sets z to t + over*2^384 mod n, where that is below 2n.
func (z *scalar) reduce(t *[6]uint64, over uint64) {
	var s scalar
	under := -s.subBorrow((*scalar)(t), &order, over)
	for i := range z {
		z[i] = s[i] ^ (s[i]^t[i])&under
	}
}

// subBorrow sets z to x + over*2^384 - y and returns 1 where that is negative, else 0.
func (z *scalar) subBorrow(x, y *scalar, over uint64) (borrow uint64) {
	for i := range z {
		z[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	_, borrow = bits.Sub64(over, 0, borrow)
	return borrow
}

// add sets z to x+y mod n.
func (z *scalar) add(x, y *scalar) {
	var t [6]uint64
	var c uint64
	for i := range t {
		t[i], c = bits.Add64(x[i], y[i], c)
	}
	z.reduce(&t, c)
}

// inRange is 1 where 0 < x < n, else 0.
func (x *scalar) inRange() uint64 {
	return new(scalar).subBorrow(x, &order, 0) &^ (*element)(x).isZero()
}

// same is 1 where x and y are the same, else 0.
func (x *scalar) same(y *scalar) uint64 {
	var d element
	for i := range d {
		d[i] = x[i] ^ y[i]
	}
	return d.isZero()
}

// bits returns count bits of x from the i-th on, count under 64; those above 383 are 0. Time depends on i and count.
func (x *scalar) bits(i, count uint) uint64 {
	if i >= 384 {
		return 0
	}
	b := x[i/64] >> (i % 64)
	if i/64 < 5 {
		b |= x[i/64+1] << (64 - i%64)
	}
	return b & (1<<count - 1)
}
