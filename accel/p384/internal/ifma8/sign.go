//go:build amd64 && !purego

package ifma8

import "sync"

// signing is room for what signing in eight lanes needs.
type signing struct {
	sum       point
	scalar    scalar
	k, d, e   vec
	r, s      vec
	kInverse  vec
	t         [6]vec
	inversion inversion
}

var signings = sync.Pool{New: func() any { return aligned[signing]() }}

// Sign computes a signature in each of len(k) lanes, 1 to Lanes: r = x(k·G) mod n, s = (e + r·d)/k mod n. All numbers
// are little-endian limbs in normal form; 0 < k, d < n; e is the leftmost 384 bits of the digest, unreduced. Bit i of
// ok is set where lane i's result passed its check and neither number is 0; r and s are 0 where it is not. A scalar of 0
// spoils all lanes. Time does not depend on k, d, e.
func Sign(r, s, k, e, d [][6]uint64) (ok uint8) {
	c, w := p384(), signings.Get().(*signing)
	w.load(c, k, e, d)
	w.sum.base(c, &w.scalar)
	ok = w.abscissa(c)
	w.finish(c)
	ok &= w.check(c)
	for l := range k {
		r[l], s[l] = [6]uint64{}, [6]uint64{}
		if ok>>l&1 == 1 {
			unpack(&r[l], &w.r, l)
			unpack(&s[l], &w.s, l)
		}
	}
	*w = signing{}
	wipe()
	signings.Put(w)
	return ok & uint8(1<<len(k)-1)
}

// load fills the lanes; those that nobody needs compute what lane 0 does.
func (w *signing) load(c *curve, k, e, d [][6]uint64) {
	for l := range Lanes {
		of := l
		if l >= len(k) {
			of = 0
		}
		pack(&w.k, l, &k[of])
		pack(&w.e, l, &e[of])
		pack(&w.d, l, &d[of])
		w.scalar.setOdd(l, &k[of], &c.n.words)
	}
}

// abscissa computes r, the x of the sum, and says in which lanes that is the x of a point of the curve.
func (w *signing) abscissa(c *curve) (ok uint8) {
	x, zz, t := &w.sum[atX], &w.sum[atZZ], &w.t
	ok = w.sum.onCurve(c, t)
	mulP(&t[0], zz, &c.p.one)
	reduceP(&t[0], &t[0])
	infinite := zeroLanes(&t[0])
	choose(zz, &c.p.one, infinite)

	c.p.invert(&t[0], zz, &w.inversion)
	mulP(&t[0], &t[0], x)
	mulP(&t[0], &t[0], &c.unit)
	reduceP(&t[0], &t[0])
	reduceN(&w.r, &t[0])
	return ok & w.sum.hasAbscissa(c, &t[0], t[1:]) &^ infinite &^ zeroLanes(&w.r)
}

// finish computes s.
func (w *signing) finish(c *curve) {
	t := &w.t
	mulN(&t[0], &w.k, &c.n.square)
	c.n.invert(&w.kInverse, &t[0], &w.inversion)
	mulN(&t[1], &w.r, &c.n.square)
	mulN(&t[1], &t[1], &w.d)
	add(&t[1], &t[1], &w.e)
	mulN(&w.s, &t[1], &w.kInverse)
	reduceN(&w.s, &w.s)
}

// check says in which lanes k·s = e + r·d and k·(1/k) = 1. Its products have their factors the other way round.
func (w *signing) check(c *curve) (ok uint8) {
	t := &w.t
	mulN(&t[0], &w.s, &c.n.square)
	mulN(&t[0], &t[0], &w.k)
	reduceN(&t[0], &t[0])
	mulN(&t[1], &w.d, &c.n.square)
	mulN(&t[1], &t[1], &w.r)
	add(&t[1], &t[1], &w.e)
	mulN(&t[1], &t[1], &c.n.one)
	reduceN(&t[1], &t[1])
	ok = equalLanes(&t[0], &t[1])
	mulN(&t[2], &w.k, &w.kInverse)
	reduceN(&t[2], &t[2])
	ok &= equalLanes(&t[2], &c.unit)
	return ok &^ zeroLanes(&w.s)
}
