//go:build amd64 && !purego

package ifma8

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"sync"
)

const (
	keyWidth   = 5  // bits of a digit of the scalar that multiplies the public key
	keyDigits  = 77 // digits of a scalar of 385 bits
	keyEntries = 1 << (keyWidth - 1)
	entryWords = 2 * 8 * Lanes // 64-bit words of an entry
)

// verifying is room for what verifying in eight lanes needs.
type verifying struct {
	sum       point
	u1, u2    scalar
	multiples [keyEntries]affine
	index     [8]uint64
	r, s, e   vec
	other     vec // r+n where that is below p
	x, y      vec
	t         [6]vec
	inversion inversion
	twice     affine
	odd       [keyEntries]jacobian
	before    [keyEntries]vec
}

// affine is a point (x, y) in each lane.
type affine = [2]vec

var verifyings = sync.Pool{New: func() any { return aligned[verifying]() }}

// Verify checks a signature in each of len(r) lanes, 1 to Lanes, against the public key (x, y). Bit i of ok is set
// where lane i's signature is valid. Numbers out of range and points off the curve are invalid, nothing panics. Time
// depends on everything.
func Verify(r, s, e, x, y [][6]uint64) (ok uint8) {
	c, w := p384(), verifyings.Get().(*verifying)
	defer verifyings.Put(w)
	ok = w.load(c, r, s, e, x, y)
	if ok == 0 {
		return 0
	}
	opposite := w.scalars(c)
	w.keyMultiples(c)
	w.multiplyKey(c)
	w.sum.add(c, &w.u1, windows, uint64(opposite))
	valid, unclear := w.compare(c, r)
	unclear, ok = unclear&ok, valid&ok&^unclear
	for l := range r {
		if unclear>>l&1 != 0 && exact(&r[l], &s[l], &e[l], &x[l], &y[l]) {
			ok |= 1 << l
		}
	}
	return ok
}

// load fills the lanes and says which of them can be valid; the others get numbers that do no harm.
func (w *verifying) load(c *curve, r, s, e, x, y [][6]uint64) (ok uint8) {
	for l := range Lanes {
		if l < len(r) && inRange(&r[l], &c.n.words) && inRange(&s[l], &c.n.words) &&
			less(&x[l], &c.p.words) && less(&y[l], &c.p.words) {
			ok |= 1 << l
			pack(&w.r, l, &r[l])
			pack(&w.s, l, &s[l])
			pack(&w.e, l, &e[l])
			pack(&w.x, l, &x[l])
			pack(&w.y, l, &y[l])
		}
	}
	mulP(&w.x, &w.x, &c.p.square)
	mulP(&w.y, &w.y, &c.p.square)
	w.sum[atX], w.sum[atY], w.sum[atZZ], w.sum[atZZZ] = w.x, w.y, c.p.one, c.p.one
	ok &= w.sum.onCurve(c, &w.t)
	choose(&w.x, &c.x, ^ok)
	choose(&w.y, &c.y, ^ok)
	for _, v := range []*vec{&w.r, &w.s, &w.e} {
		choose(v, &c.unit, ^ok)
	}
	return ok
}

// scalars computes u1 = e/s and u2 = r/s, or n minus that where that is odd. It says in which lanes it did so for one
// and not for the other: the sum of the products may change its sign but they must not differ in it.
func (w *verifying) scalars(c *curve) (opposite uint8) {
	t := &w.t
	mulN(&t[0], &w.s, &c.n.square)
	c.n.invert(&t[0], &t[0], &w.inversion)
	mulN(&t[1], &w.e, &t[0])
	reduceN(&t[1], &t[1])
	mulN(&t[2], &w.r, &t[0])
	reduceN(&t[2], &t[2])
	var u [6]uint64
	for l := range Lanes {
		unpack(&u, &t[1], l)
		opposite ^= uint8(u[0]&1^1) << l
		w.u1.setOdd(l, &u, &c.n.words)
		unpack(&u, &t[2], l)
		opposite ^= uint8(u[0]&1^1) << l
		w.u2.setOdd(l, &u, &c.n.words)
	}
	return opposite
}

// compare says in which lanes the sum's x is r modulo n, and in which it cannot say so: there equal or opposite points
// were added, or the sum is infinity.
func (w *verifying) compare(c *curve, r [][6]uint64) (valid, unclear uint8) {
	t := &w.t
	other := &w.other
	*other = w.r
	for l := range r {
		if sum, ok := plus(&r[l], &c.n.words); ok && less(&sum, &c.p.words) {
			pack(other, l, &sum)
		}
	}
	mulP(&t[0], &w.sum[atZZ], &c.p.one)
	reduceP(&t[0], &t[0])
	unclear = zeroLanes(&t[0])
	return w.sum.hasAbscissa(c, &w.r, t[:]) | w.sum.hasAbscissa(c, other, t[:]), unclear
}

// exact judges a signature by crypto/ecdsa.
func exact(r, s, e, x, y *[6]uint64) bool {
	encoded := make([]byte, 1+48+48)
	encoded[0] = 4
	toBig(x).FillBytes(encoded[1:49])
	toBig(y).FillBytes(encoded[49:])
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), encoded)
	return err == nil && ecdsa.Verify(key, toBig(e).FillBytes(make([]byte, 48)), toBig(r), toBig(s))
}
