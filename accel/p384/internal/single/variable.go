package single

// What is in this file takes a time that depends on its numbers.

// prepared is a point, not infinity, with powers of its z.
type prepared struct {
	jacobian
	zz, zzz element
}

func (p *jacobian) prepared() prepared {
	q := prepared{jacobian: *p}
	q.zz.sqr(&p.z)
	q.zzz.mul(&q.zz, &p.z)
	return q
}

// add adds any q to any point.
func (p *accumulator) add(q *prepared) {
	if p.z.isZero() == 1 {
		p.jacobian = q.jacobian
		return
	}
	before := p.jacobian
	p.a.sqr(&p.z)
	p.x.mul(&p.x, &q.zz)
	p.b.mul(&q.x, &p.a)
	p.b.sub(&p.b, &p.x)
	p.a.mul(&p.a, &p.z)
	p.y.mul(&p.y, &q.zzz)
	p.c.mul(&q.y, &p.a)
	p.c.sub(&p.c, &p.y)
	if p.b.isZero()&p.c.isZero() == 1 {
		p.jacobian = before
		p.double()
		return
	}
	p.z.mul(&p.z, &q.z)
	p.z.mul(&p.z, &p.b)
	p.addDifference()
}

// addAffine adds any q to any point.
func (p *accumulator) addAffine(q *affine) {
	before := p.jacobian
	p.entry = *q
	if p.addMixed(); p.z.isZero() == 1 {
		p.jacobian = before
		full := q.jacobian()
		other := full.prepared()
		p.add(&other)
	}
}

// recode writes k < 2^384 as digits of 2^i, 0 or odd and of smaller amount than 2^(width-1).
func recode(digits *[385]int8, k *scalar, width uint) {
	var carry uint64
	for i := uint(0); i < 385; {
		if k.bits(i, 1) == carry {
			digits[i] = 0
			i++
			continue
		}
		d := k.bits(i, width) + carry
		carry = d >> (width - 1)
		digits[i] = int8(int64(d) - int64(carry)<<width)
		for j := i + 1; j < min(i+width, 385); j++ {
			digits[j] = 0
		}
		i += width
	}
}

const (
	keyWidth  = 5
	baseWidth = windowBits + 1 // the first window of the table is all that it takes
)

// multiples are 1, 3, 5 ... times a point.
type multiples [1 << (keyWidth - 2)]prepared

func multiplesOf(q *affine) (m multiples) {
	sum := accumulator{jacobian: q.jacobian()}
	sum.double()
	twice := sum.prepared()
	sum.jacobian = q.jacobian()
	for i := range m {
		m[i] = sum.prepared()
		sum.add(&twice)
	}
	return m
}

// sumOfTwo sets p to u*G + v*q.
func (p *accumulator) sumOfTwo(u, v *scalar, q *affine) {
	odd, baseOdd := multiplesOf(q), &base()[0]
	var us, vs [385]int8
	recode(&us, u, baseWidth)
	recode(&vs, v, keyWidth)
	p.jacobian = jacobian{}
	for i := 384; i >= 0; i-- {
		p.double()
		if d := vs[i]; d > 0 {
			p.add(&odd[d/2])
		} else if d < 0 {
			minus := odd[-d/2]
			minus.y.negateIf(ones)
			p.add(&minus)
		}
		if d := us[i]; d > 0 {
			p.addAffine(&baseOdd[d/2])
		} else if d < 0 {
			minus := baseOdd[-d/2]
			minus.y.negateIf(ones)
			p.addAffine(&minus)
		}
	}
}
