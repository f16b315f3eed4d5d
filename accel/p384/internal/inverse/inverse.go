// Package inverse inverts numbers modulo an odd modulus of at most 384 bits in constant time.
//
// It counts with the division steps of Bernstein and Yang ("Fast constant-time gcd computation and modular inversion",
// 2019), in the variant that starts at δ = 1/2. One step maps (δ, f, g), f odd, to
//
//	(1-δ, g, (g-f)/2)  where δ > 0 and g is odd
//	(1+δ, f, (g+f)/2)  where δ < 0 and g is odd
//	(1+δ, f,  g   /2)  where g is even
//
// The steps look at the lowest bits alone, so 60 of them are collected in a matrix of small numbers (steps.go) before the
// long numbers are touched (limbs.go).
//
// # Why 900 steps are enough
//
// They begin with f = m, g = x and 0 <= x < m < 2^384. While g is not 0, |g| >= 1; so it is enough to show that the
// region of the plane in which (f, g)/m can lie after 900 steps leaves no room for |g| > 2^-384. The region of the start
// is the triangle with the corners (0, 0), (1, 0), (1, 1). A step maps a convex region to a convex region, linearly, and
// regions that reach the same δ lie in their common hull: TestEnoughSteps carries these hulls, somewhat widened, through
// the steps, one for each δ, and sees the last of them become too thin. Once g is 0 further steps change neither
// f = ±gcd(x, m) nor g.
package inverse

// batches of [steps] that leave g = 0, whatever x and m are.
const batches = 15

// Modulus is an odd modulus with what [Modulus.Inverse] needs to know of it.
type Modulus struct {
	m         limbs
	negInv    uint64   // -1/m mod 2^60
	multiples [5]limbs // 16m, 8m, 4m, 2m, m
}

// New prepares an odd modulus above 1, limbs little-endian.
func New(m [6]uint64) *Modulus {
	inv := m[0] // right in the lowest 3 bits, and each round doubles them
	for range 5 {
		inv *= 2 - m[0]*inv
	}
	modulus := &Modulus{m: split(&m), negInv: -inv & mask}
	multiple := modulus.m
	for i := range modulus.multiples {
		modulus.multiples[len(modulus.multiples)-1-i] = multiple
		multiple = multiple.plus(&multiple)
	}
	return modulus
}

// Inverse sets z to 1/x mod m, or to 0 where x is 0. x < m and has no divisor in common with it; limbs little-endian;
// z and x may be the same. Time does not depend on x.
func (m *Modulus) Inverse(z, x *[6]uint64) {
	p := progress{zeta: -1, f: m.m, g: split(x), e: limbs{1}}
	for range batches {
		p.batch(m)
	}
	p.d = p.d.negateIf(p.f[top] >> 63)
	p.d = m.reduce(&p.d)
	p.d.join(z)
	p.forget()
}

// progress of an inversion: always d*x = f and e*x = g mod m.
type progress struct {
	zeta       int64
	f, g, d, e limbs
	t          matrix
}

func (p *progress) batch(m *Modulus) {
	f, g, d, e := &p.f, &p.g, &p.d, &p.e
	p.zeta, p.t = steps(p.zeta, uint64(f[0])|uint64(f[1])<<width, uint64(g[0])|uint64(g[1])<<width)
	*f, *g = combine(p.t.u, p.t.v, f, g), combine(p.t.q, p.t.r, f, g)
	*d, *e = m.combine(p.t.u, p.t.v, d, e), m.combine(p.t.q, p.t.r, d, e)
}

// forget clears p; the compiler must not see that nobody reads it again.
//
//go:noinline
func (p *progress) forget() { *p = progress{} }

// reduce returns the remainder of -16m < d < 16m. A batch adds less than m to the largest amount of d and e, which
// begins under m, so 15 batches stay under 16m.
func (m *Modulus) reduce(d *limbs) limbs {
	r := d.plus(&m.multiples[0])
	for i := range m.multiples {
		r = r.lessIfNotUnder(&m.multiples[i])
	}
	return r
}
