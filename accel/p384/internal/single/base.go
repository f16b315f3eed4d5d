package single

import (
	"sync"

	"github.com/tlslab/tlslab/accel/p384/internal/inverse"
)

var field = inverse.New([6]uint64{p0, p1, p2, ones, ones, ones})

const (
	windowBits = 6
	windows    = 384 / windowBits
)

// baseTable holds 1, 3, 5 ... 63 times 2^(6i)*G in window i.
type baseTable [windows][32]affine

// base makes the table at its first use, in some milliseconds.
var base = sync.OnceValue(func() *baseTable {
	t := new(baseTable)
	step := accumulator{jacobian: generator.jacobian()}
	for i := range t {
		var points [32]jacobian
		sum := accumulator{jacobian: step.jacobian}
		step.double()
		twice := step.prepared()
		for j := range points {
			points[j] = sum.jacobian
			sum.add(&twice)
		}
		for range windowBits - 1 {
			step.double()
		}
		normalize(&t[i], &points)
	}
	return t
})

// normalize brings points, none of them infinity, to z = 1 with one inversion.
func normalize(out *[32]affine, points *[32]jacobian) {
	var products [32]element // of the z up to here
	product := one
	for i := range points {
		product.mul(&product, &points[i].z)
		products[i] = product
	}
	var inv element
	inv.invert(&product)
	for i := len(points) - 1; i >= 0; i-- {
		z := inv
		if i > 0 {
			z.mul(&inv, &products[i-1])
			inv.mul(&inv, &points[i].z)
		}
		out[i].fromJacobian(&points[i], &z)
	}
}

// invert sets z to 1/x.
func (z *element) invert(x *element) {
	field.Inverse((*[6]uint64)(z), (*[6]uint64)(x))
	z.mul(z, &cube)
}

// fromJacobian sets q to the point p, given 1/z.
func (q *affine) fromJacobian(p *jacobian, inv *element) {
	var t element
	t.sqr(inv)
	q.x.mul(&p.x, &t)
	t.mul(&t, inv)
	q.y.mul(&p.y, &t)
}

// baseMult sets p to k*G, 0 < k < n. Time does not depend on k. For two k, see below, p is infinity instead.
//
// k, or n-k in its place, is odd, and (k-1)/2 in 64 digits b of 6 bits is k = sum of (2b-63)*2^(6i) + 2^384: all digits
// are odd, between -63 and 63, and the last of them, together with 2^384 and because b < 32, is 2b+1, between 1 and 63.
//
// So each digit is ± an entry of its window, and no addition but the last can meet equal or opposite points: the sum of
// the first i digits is odd and of smaller amount than 2^(6i), the next summand is not of smaller amount, and both
// together are below n/2. At the last, sum = -summand mod n would make k = 0, and sum = summand mod n makes
// k = 2*summand - n with |summand - n| < 2^378, so that the digit is 63: k = 126*2^378 - n, or n less that.
func (p *accumulator) baseMult(k *scalar, half *scalar) {
	table := base()
	even := half.halve(k)
	for i := range windows {
		b := half.bits(windowBits*uint(i), windowBits)
		positive := -(b >> 5)
		if i == windows-1 {
			positive = ones
		}
		p.entry.choose(&table[i], b&31^^positive&31)
		p.entry.y.negateIf(^positive ^ even)
		if i == 0 {
			p.jacobian = p.entry.jacobian()
		} else {
			p.addMixed()
		}
	}
}

// halve sets z to (k-1)/2 where k is odd, else to (n-k-1)/2 and returns all ones for it.
func (z *scalar) halve(k *scalar) (even uint64) {
	even = k[0]&1 - 1
	z.subBorrow(&order, k, 0)
	for i := range z {
		z[i] ^= (z[i] ^ k[i]) &^ even
	}
	for i := range 5 {
		z[i] = z[i]>>1 | z[i+1]<<63
	}
	z[5] >>= 1
	return even
}

// choosePortable sets z to an entry of the window and reads all of them.
func (z *affine) choosePortable(window *[32]affine, index uint64) {
	*z = affine{}
	for i := range window {
		differs := uint64(i) ^ index
		all := -((differs - 1) >> 63)
		for j := range z.x {
			z.x[j] |= window[i].x[j] & all
			z.y[j] |= window[i].y[j] & all
		}
	}
}
