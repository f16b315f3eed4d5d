package inverse

// matrix is what a batch does to a pair: 2^60 * (f', g') = (u*f + v*g, q*f + r*g). |u|+|v| and |q|+|r| are at most 2^60.
type matrix struct{ u, v, q, r int64 }

const blockSteps = 20

// steps makes 60 division steps and returns them as a matrix. zeta is -(δ+1/2); f and g are the lowest 64 bits.
func steps(zeta int64, f, g uint64) (int64, matrix) {
	zeta, a := block(zeta, f, g)
	f, g = a.apply(f, g)
	zeta, b := block(zeta, f, g)
	f, g = b.apply(f, g)
	zeta, c := block(zeta, f, g)
	b = b.after(&a)
	return zeta, c.after(&b)
}

// apply returns the lowest bits of the pair after a block: 20 fewer than there were are right.
func (t *matrix) apply(f, g uint64) (uint64, uint64) {
	return (uint64(t.u)*f + uint64(t.v)*g) >> blockSteps, (uint64(t.q)*f + uint64(t.r)*g) >> blockSteps
}

func (t *matrix) after(s *matrix) matrix {
	return matrix{t.u*s.u + t.v*s.q, t.u*s.v + t.v*s.r, t.q*s.u + t.r*s.q, t.q*s.v + t.r*s.r}
}

// block makes 20 steps. A step is linear, so that it may be made on the sum of three numbers in one word: the lowest 20
// bits of f (or g), and -2^41 and -2^62 times the row of the matrix, which is (1, 0) or (0, 1) over 2^steps. After 20
// steps f = f20 - 2^21*u - 2^42*v. No part reaches into its neighbour: |f20| < 2^20 as |u|+|v| <= 2^20, and -u and -v
// are in [-2^20, 2^20), as u = -2^20 would take a step from rows (2^19, 0) and (-2^19, 0), whose determinant is 0.
func block(zeta int64, f0, g0 uint64) (int64, matrix) {
	const bits = 1<<blockSteps - 1
	f, g := int64(f0&bits)-1<<41, int64(g0&bits)-1<<62
	for range blockSteps {
		positive := zeta >> 63 // δ > 0
		odd := -(g & 1)
		g += ((f ^ positive) - positive) & odd
		positive &= odd
		zeta = (zeta ^ positive) - 1
		f += g & positive
		g >>= 1
	}
	u, v := row(f)
	q, r := row(g)
	return zeta, matrix{u, v, q, r}
}

// row takes the two numbers out of a word of block.
func row(f int64) (int64, int64) {
	f += 1 << 20
	return -(f << 22 >> 43), -((f + 1<<41) >> 42)
}
