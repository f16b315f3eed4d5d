package single

import "math/bits"

// verify is true where (r, s) signs e under the key (x, y).
func verify(r, s, e, x, y *[6]uint64) bool {
	if (*scalar)(r).inRange()&(*scalar)(s).inRange() == 0 {
		return false
	}
	key, ok := parse(x, y)
	if !ok {
		return false
	}
	var u, v, w scalar
	u.reduce(e, 0)
	group.Inverse((*[6]uint64)(&w), s)
	u.mul(&u, &w)
	v.mul((*scalar)(r), &w)
	var p accumulator
	p.sumOfTwo(&u, &v, &key)
	return p.hasAbscissa(r)
}

// parse returns the point and whether it is one.
func parse(x, y *[6]uint64) (q affine, ok bool) {
	if !inField(x) || !inField(y) {
		return q, false
	}
	q.x.toField(x)
	q.y.toField(y)
	p := accumulator{jacobian: q.jacobian()}
	return q, p.onCurve() == 1
}

var prime = [6]uint64{p0, p1, p2, ones, ones, ones}

func inField(x *[6]uint64) bool {
	return new(scalar).subBorrow((*scalar)(x), (*scalar)(&prime), 0) == 1
}

// hasAbscissa is true where the point is not infinity and its x is r mod n: r itself, or r+n where that is below p.
func (p *jacobian) hasAbscissa(r *[6]uint64) bool {
	if p.z.isZero() == 1 {
		return false
	}
	var zz element
	zz.sqr(&p.z)
	if p.x.isProduct(r, &zz) {
		return true
	}
	var sum [6]uint64
	var c uint64
	for i := range sum {
		sum[i], c = bits.Add64(r[i], order[i], c)
	}
	return c == 0 && inField(&sum) && p.x.isProduct(&sum, &zz)
}

func (z *element) isProduct(r *[6]uint64, zz *element) bool {
	var t element
	t.toField(r)
	t.mul(&t, zz)
	return t == *z
}
