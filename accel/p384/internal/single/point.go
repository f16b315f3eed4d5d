package single

// affine is a point (x, y).
type affine struct{ x, y element }

// jacobian is the point (x/z^2, y/z^3), or infinity where z is 0.
type jacobian struct{ x, y, z element }

var (
	curveB    = element{0x081188719d412dcc, 0xf729add87a4c32ec, 0x77f2209b1920022e, 0xe3374bee94938ae2, 0xb62b21f41f022094, 0xcd08114b604fbff9}
	generator = affine{
		element{0x3dd0756649c0b528, 0x20e378e2a0d6ce38, 0x879c3afc541b4d6e, 0x6454868459a30eff, 0x812ff723614ede2b, 0x4d3aadc2299e1513},
		element{0x23043dad4b03a4fe, 0xa1bfa8bf7bb4a9ac, 0x8bade7562e83b050, 0xc6c3521968f4ffd9, 0xdd8002263969a840, 0x2b78abc25a15c5e9},
	}
)

func (q *affine) jacobian() jacobian { return jacobian{q.x, q.y, one} }

// accumulator is a point that grows, with room for the numbers in between, so that they can be cleared with it.
type accumulator struct {
	jacobian
	entry      affine
	a, b, c, d element
	_          element // for the kernels
}

// onCurve is 1 where y^2 = x^3 - 3x + b, in powers of z: y^2 = x(x^2 - 3z^4) + bz^6. Else, and at infinity, it is 0.
func (p *accumulator) onCurve() uint64 {
	p.a.sqr(&p.z)
	p.b.sqr(&p.a)
	p.d.add(&p.b, &p.b)
	p.d.add(&p.d, &p.b)
	p.c.sqr(&p.x)
	p.c.sub(&p.c, &p.d)
	p.c.mul(&p.c, &p.x)
	p.b.mul(&p.b, &p.a)
	p.b.mul(&p.b, &curveB)
	p.c.add(&p.c, &p.b)
	p.a.sqr(&p.y)
	p.a.sub(&p.a, &p.c)
	return p.a.isZero() &^ p.z.isZero()
}

// doublePortable doubles the point. z becomes yz, half of what is usual, and so the rest is simpler.
func (p *accumulator) doublePortable() {
	p.a.sqr(&p.z)
	p.b.sqr(&p.y)
	p.z.mul(&p.y, &p.z)
	p.d.sub(&p.x, &p.a)
	p.a.add(&p.x, &p.a)
	p.c.mul(&p.x, &p.b)
	p.a.mul(&p.a, &p.d)
	p.d.halve(&p.a)
	p.d.add(&p.d, &p.a) // 3(x-z^2)(x+z^2) / 2
	p.x.sqr(&p.d)
	p.x.sub(&p.x, &p.c)
	p.x.sub(&p.x, &p.c)
	p.b.sqr(&p.b)
	p.c.sub(&p.c, &p.x)
	p.y.mul(&p.d, &p.c)
	p.y.sub(&p.y, &p.b)
}

// addMixedPortable adds the entry, which is not the point. Where it is, or the point is infinity, the sum becomes
// infinity.
func (p *accumulator) addMixedPortable() {
	p.a.sqr(&p.z)
	p.b.mul(&p.entry.x, &p.a)
	p.b.sub(&p.b, &p.x)
	p.a.mul(&p.a, &p.z)
	p.c.mul(&p.entry.y, &p.a)
	p.c.sub(&p.c, &p.y)
	p.z.mul(&p.z, &p.b)
	p.addDifference()
}

// addDifference ends an addition. x and y are the point's, with the powers of the other's z multiplied in, z is the
// sum's already, b and c are how far the other's x and y are from x and y.
func (p *accumulator) addDifference() {
	p.a.sqr(&p.b)
	p.d.mul(&p.x, &p.a)
	p.a.mul(&p.a, &p.b)
	p.y.mul(&p.y, &p.a)
	p.x.sqr(&p.c)
	p.x.sub(&p.x, &p.a)
	p.x.sub(&p.x, &p.d)
	p.x.sub(&p.x, &p.d)
	p.d.sub(&p.d, &p.x)
	p.d.mul(&p.c, &p.d)
	p.y.sub(&p.d, &p.y)
}
