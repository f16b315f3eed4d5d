//go:build amd64 && !purego

package ifma8

// jacobian is a point (X/Z^2, Y/Z^3) in each lane. Its arithmetic here is for tables; none of its results is a special
// case there, as the multiples are small against the order of the group.
type jacobian struct{ x, y, z vec }

func (j *jacobian) setLane(lane int, from *jacobian) {
	choose(&j.x, &from.x, 1<<lane)
	choose(&j.y, &from.y, 1<<lane)
	choose(&j.z, &from.z, 1<<lane)
}

// subtract sets z to x-y as a product is: below p + p/2^20.
func (c *curve) subtract(z, x, y *vec) {
	subP(z, x, y)
	mulP(z, z, &c.p.one)
}

// double sets z to 2a: with b = X·Y^2 and m = 3(X - Z^2)(X + Z^2), X3 = m^2 - 8b, Y3 = m(4b - X3) - 8Y^4, Z3 = 2YZ.
func (c *curve) double(z, a *jacobian) {
	var zz, yy, b, m, t vec
	sqrP(&zz, &a.z)
	sqrP(&yy, &a.y)
	mulP(&b, &a.x, &yy)
	add(&b, &b, &b)
	add(&b, &b, &b)
	add(&t, &a.x, &zz)
	c.subtract(&m, &a.x, &zz)
	mulP(&t, &t, &m)
	add(&m, &t, &t)
	add(&m, &m, &t)
	mulP(&t, &a.y, &a.z)
	add(&z.z, &t, &t)
	sqrP(&t, &m)
	add(&zz, &b, &b)
	c.subtract(&z.x, &t, &zz)
	c.subtract(&t, &b, &z.x)
	mulP(&t, &t, &m)
	sqrP(&yy, &yy)
	add(&yy, &yy, &yy)
	add(&yy, &yy, &yy)
	add(&yy, &yy, &yy)
	c.subtract(&z.y, &t, &yy)
}

// sum sets z to a+b for different points: with h = X2·Z1^2 - X1·Z2^2 and r = Y2·Z1^3 - Y1·Z2^3, X3 = r^2 - h^3 -
// 2·X1·Z2^2·h^2, Y3 = r(X1·Z2^2·h^2 - X3) - Y1·Z2^3·h^3, Z3 = Z1·Z2·h.
func (c *curve) sum(z, a, b *jacobian) {
	var za, zb, u, s, h, r, t vec
	sqrP(&za, &a.z)
	sqrP(&zb, &b.z)
	mulP(&u, &a.x, &zb)
	mulP(&h, &b.x, &za)
	c.subtract(&h, &h, &u)
	mulP(&s, &a.y, &zb)
	mulP(&s, &s, &b.z)
	mulP(&r, &b.y, &za)
	mulP(&r, &r, &a.z)
	c.subtract(&r, &r, &s)
	mulP(&z.z, &a.z, &b.z)
	mulP(&z.z, &z.z, &h)
	sqrP(&t, &h)
	mulP(&u, &u, &t)
	mulP(&h, &h, &t)
	sqrP(&t, &r)
	c.subtract(&t, &t, &h)
	add(&za, &u, &u)
	c.subtract(&z.x, &t, &za)
	c.subtract(&t, &u, &z.x)
	mulP(&t, &t, &r)
	mulP(&s, &s, &h)
	c.subtract(&z.y, &t, &s)
}

// oddMultiples sets of[i] to (2i+1)·of[0].
func (c *curve) oddMultiples(of []jacobian) {
	var twice jacobian
	c.double(&twice, &of[0])
	for i := range of[1:] {
		c.sum(&of[i+1], &of[i], &twice)
	}
}

// normalise makes all Z 1, with one inversion: of their product. before is room for as many numbers.
func (c *curve) normalise(points []jacobian, before []vec, room *inversion) {
	product := c.p.one
	for i := range points {
		before[i] = product
		mulP(&product, &product, &points[i].z)
	}
	inverse := product
	c.p.invert(&inverse, &inverse, room)
	var t vec
	for i := len(points) - 1; i >= 0; i-- {
		a := &points[i]
		mulP(&t, &inverse, &before[i])
		mulP(&inverse, &inverse, &a.z)
		a.z = c.p.one
		mulP(&a.y, &a.y, &t)
		sqrP(&t, &t)
		mulP(&a.x, &a.x, &t)
		mulP(&a.y, &a.y, &t)
		reduceP(&a.x, &a.x)
		reduceP(&a.y, &a.y)
	}
}

// setEntry sets one entry of a window to the affine point in one lane.
func setEntry(w *window, entry int, of *jacobian, lane int) {
	var x, y [6]uint64
	unpack(&x, &of.x, lane)
	unpack(&y, &of.y, lane)
	for i := range 6 {
		w[i][entry], w[6+i][entry] = x[i], y[i]
	}
}
