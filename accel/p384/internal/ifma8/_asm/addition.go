package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// adder emits an addition to the point at base. Its first summand is (X/ZZ, Y/ZZZ) with ZZ^3 = ZZZ^2, its second one
// (x2, y2), and the formulas are those for a second summand with ZZ = 1:
//
//	P = x2·ZZ - X    R = y2·ZZZ - Y    Q = X·P^2
//	X3 = R^2 - P^3 - 2Q    Y3 = R·(Q - X3) - Y·P^3    ZZ3 = ZZ·P^2    ZZZ3 = ZZZ·P^3
//
// It computes -Y3, as R·(X3 - Q) + Y·P^3 is one sum of products with one reduction: the result is the negated sum.
//
// Products are below p + p/2^20 if their factors are below 64·p. So P, with 16·p added, R with 4·p and X3 with 8·p are
// not negative, as X, be it from an addition or a doubling, is below 11·p; nothing exceeds 35·p.
type adder struct {
	p    *modulus
	base reg.Register
}

func (a adder) at(i int) number { return slot(a.base, i) }

// differences computes P and R, with y2 negated in the lanes of K3.
func (a adder) differences(x2 limbs, y2 number) {
	r := a.p.product(a.p.times(16), factors{inRegisters(x2), a.at(atZZ)})
	give(x2[:]...)
	r.minus(a.at(atColumnsX))
	r.carried(a.at(atP))

	y := y2.load()
	r = a.p.product(nil, factors{inRegisters(y), a.at(atZZZ)})
	give(y[:]...)
	zero := zeroed()
	for i := range r {
		VPSUBQ(r[i], zero, reg.K3, r[i])
		VPADDQ_BCST(a.p.times(4)[i], r[i], r[i])
	}
	give(zero)
	r.minus(a.at(atColumnsY))
	r.carried(a.at(atR))
}

// sum computes X3 and -Y3 from P and R, with then in the middle, where P^2 and P^3 are known.
func (a adder) sum(then func(squareP limbs, cubeP number)) {
	a.p.square(nil, a.at(atP).load()).carried(a.at(atSquareP))
	r := a.p.square(a.p.times(8), a.at(atR).load())
	part, cubeP := a.at(atPart), a.at(atCubeP)
	part.store(r)
	give(r[:]...)

	pp := a.at(atSquareP).load()
	r = a.p.product(nil, factors{inRegisters(pp), a.at(atP)})
	for i := range r {
		t := load(part.limb(i))
		VPSUBQ(r[i], t, t)
		VMOVDQU64(t, part.limb(i))
		give(t)
	}
	r.carried(cubeP)

	q := a.p.product(nil, factors{inRegisters(pp), a.at(atX)})
	x3 := part.load()
	for i := range q {
		VPSUBQ(q[i], x3[i], x3[i])
		VPSUBQ(q[i], x3[i], x3[i])
		VPSUBQ(q[i], x3[i], q[i])
	}
	a.at(atColumnsX).store(x3)
	x3.carried(a.at(atX))
	q.carried(a.at(atD))

	then(pp, cubeP)
	ppp := cubeP.load()
	r = a.p.product(nil, factors{inRegisters(ppp), a.at(atY)}, factors{inMemory(a.at(atR)), a.at(atD)})
	give(ppp[:]...)
	a.at(atColumnsY).store(r)
	r.carried(a.at(atY))
}

// prefetch fetches the window after the next: they are used from the highest to the lowest.
func prefetch(window Mem) {
	for i := range windowBytes / 64 {
		pending = append(pending, func() { PREFETCHT0(window.Offset(64*i - 2*windowBytes)) })
	}
}

func addition(p *modulus) {
	function("addP", "func(sum *[14][8][8]uint64, window *[12][64]uint64, scalar *[8]uint64, shift, flip uint64)",
		"addP sets sum to the negated sum of itself and the window's point for the digit at shift.")
	a, window := adder{p, Load(Param("sum"), GP64())}, Mem{Base: Load(Param("window"), GP64())}
	p.keep()
	prefetch(window)
	index := readDigit()
	y := index.number(window.Offset(6 * 8 * entries))
	a.at(atY2).store(y)
	give(y[:]...)
	x := index.number(window)
	give(index.index)
	a.differences(x, a.at(atY2))
	a.sum(func(pp limbs, cubeP number) {
		p.product(nil, factors{inRegisters(pp), a.at(atZZ)}).carried(a.at(atZZ))
		give(pp[:]...)
		ppp := cubeP.load()
		p.product(nil, factors{inRegisters(ppp), a.at(atZZZ)}).carried(a.at(atZZZ))
		give(ppp[:]...)
	})
	finish()
}

// additionZ is addition to a point that has Z in place of ZZ and ZZZ: -Z3 = Z·P. The digits are public.
func additionZ(p *modulus) {
	function("addZ", "func(sum *[14][8][8]uint64, table *[2][8][8]uint64, index *[8]uint64, negate uint64)",
		"addZ sets sum to the negated sum of itself and, in lane l, the point at table + 8·index[l] bytes, or minus it. Time depends on index.")
	a, table := adder{p, Load(Param("sum"), GP64())}, Load(Param("table"), GP64())
	index := load(Mem{Base: Load(Param("index"), GP64())})
	negate := Load(Param("negate"), GP64())
	KMOVB(negate.(reg.GP).As32(), reg.K3)
	p.keep()
	var x, y limbs
	for i := range y {
		y[i] = gather(table, index, 512+64*i)
	}
	a.at(atY2).store(y)
	give(y[:]...)
	p.square(nil, a.at(atZ).load()).carried(a.at(atZZ))
	z := a.at(atZ).load()
	p.product(nil, factors{inRegisters(z), a.at(atZZ)}).carried(a.at(atZZZ))
	give(z[:]...)
	for i := range x {
		x[i] = gather(table, index, 64*i)
	}
	give(index)
	a.differences(x, a.at(atY2))
	a.sum(func(pp limbs, cubeP number) {
		give(pp[:]...)
		z := a.at(atZ).load()
		p.product(nil, factors{inRegisters(z), a.at(atP)}).carried(a.at(atZ))
		give(z[:]...)
	})
	finish()
}

func gather(base reg.Register, index vector, offset int) vector {
	r := zeroed()
	KXNORB(reg.K1, reg.K1, reg.K1)
	VPGATHERQQ(Mem{Base: base, Index: index, Scale: 8, Disp: offset}, reg.K1, r)
	return r
}

// minus subtracts a number's columns.
func (r limbs) minus(n number) {
	for i := range r {
		VPSUBQ(n.limb(i), r[i], r[i])
	}
}
