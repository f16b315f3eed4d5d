//go:build amd64 && !purego

package ifma8

// point is room for a point in each lane, (X/ZZ, Y/ZZZ) with ZZ^3 = ZZZ^2 or (X/Z^2, Y/Z^3), and for what the kernels
// need. They leave bits above the lowest 52 in the limbs, which products do not see: only factors may be read from it.
type point [14]vec

// What is where in a point.
const (
	atX = iota
	atY
	atZZ
	atZZZ
	atColumnsX // X and Y for sums: limbs with their carries not carried
	atColumnsY
	atZ
)

// set sets the point to (x, y), with Z = 1.
func (a *point) set(c *curve, x, y *vec) {
	add(&a[atX], x, &zero)
	add(&a[atY], y, &zero)
	a[atColumnsX], a[atColumnsY], a[atZ] = a[atX], a[atY], c.p.one
}

// base sets the point to plus or minus the scalar times the base point. An addition negates the sum, so the summand's
// sign changes with it.
//
// No addition meets equal or opposite points, and no sum is infinity. Let d·2^i be the summand, |d| < 2^width, and S
// the sum so far, an odd multiple of 2^(i+width). |S| exceeds |d|·2^i, so S ± d·2^i is not 0. It differs from the scalar
// by less than 2^(i+width+1), so its absolute value is below 2n; it is a multiple of 2^i, so it can be ±n, which is odd,
// only if i is 0. Then S + d is the scalar, which is below n, and S - d = ±n makes the scalar n + 2d with d < 0. But the
// scalar is d + 2^width modulo 2^(width+1), so d is 128 - n = 13 modulo 256: 13, which is not below 0.
//
// Elsewhere an addition of equal or opposite points gives ZZ = 0, and then ZZ stays 0.
func (a *point) base(c *curve, s *scalar) {
	const last = windows - 1
	startP((*[14]vec)(a), &c.window[last], &s[(last*width+1)/64], (last*width+1)%64, 0)
	a[atZZ], a[atZZZ] = c.p.one, c.p.one
	a.add(c, s, last, 0)
}

// add adds what the scalar's lowest digits stand for, or subtracts it in the given lanes, and negates the sum if the
// number of digits is odd.
func (a *point) add(c *curve, s *scalar, digits int, flip uint64) {
	for i := digits - 1; i >= 0; i-- {
		addP((*[14]vec)(a), &c.window[i], &s[(i*width+1)/64], uint64(i*width+1)%64, flip)
		flip ^= 0xff
	}
}

// onCurve says in which lanes Y^2 = X^3 - 3·X·ZZ^2 + b·ZZZ^2 and ZZ^3 = ZZZ^2.
func (a *point) onCurve(c *curve, t *[6]vec) uint8 {
	sqrP(&t[0], &a[atZZ])
	mulP(&t[1], &t[0], &a[atX])
	mulP(&t[0], &t[0], &a[atZZ])
	sqrP(&t[2], &a[atZZZ])
	add(&t[3], &t[1], &t[1])
	add(&t[1], &t[1], &t[3])
	sqrP(&t[3], &a[atX])
	mulP(&t[3], &t[3], &a[atX])
	mulP(&t[4], &t[2], &c.b)
	add(&t[3], &t[3], &t[4])
	c.subtract(&t[3], &t[3], &t[1])
	sqrP(&t[4], &a[atY])
	for _, i := range [...]int{0, 2, 3, 4} {
		reduceP(&t[i], &t[i])
	}
	return equalLanes(&t[0], &t[2]) & equalLanes(&t[3], &t[4])
}

// hasAbscissa says in which lanes the point's x is the given number below p, not in Montgomery form.
func (a *point) hasAbscissa(c *curve, x *vec, t []vec) uint8 {
	mulP(&t[0], x, &c.p.square)
	mulP(&t[0], &t[0], &a[atZZ])
	reduceP(&t[0], &t[0])
	mulP(&t[1], &a[atX], &c.p.one)
	reduceP(&t[1], &t[1])
	return equalLanes(&t[0], &t[1])
}
