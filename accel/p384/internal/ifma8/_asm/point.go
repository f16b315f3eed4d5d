package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The numbers of a point, see type point in the package.
const (
	atX = iota
	atY
	atZZ
	atZZZ
	atColumnsX
	atColumnsY
	atZ
	atP
	atR
	atSquareP
	atCubeP
	atPart
	atD
	atY2 // the last
)

const (
	width   = 7
	entries = 1 << (width - 1)

	windowBytes = 12 * 8 * entries
)

// digit is what a window of eight scalars says: which entry of the table, and whether to negate it (in K3).
type digit struct {
	index vector
}

// readDigit takes a digit of width bits v of each scalar: it stands for 2v+1-2^width, whose absolute value is the odd
// number 2·index+1. The sign is changed where the parameter flip has a bit.
func readDigit() digit {
	words, shift := Load(Param("scalar"), GP64()), Load(Param("shift"), GP64())
	count, upper, v := take(), take(), take()
	VPBROADCASTQ(shift, count)
	VMOVDQU64(Mem{Base: words}, v)
	VMOVDQU64(Mem{Base: words, Disp: 64}, upper)
	VPSHRDVQ(count, upper, v)
	give(count, upper)
	VPTESTNMQ_BCST(constant(1<<(width-1)), v, reg.K3)
	VPXORQ_BCST(constant(entries-1), v, reg.K3, v)
	for i := 4; i < width-1; i++ {
		VPTESTMQ_BCST(constant(1<<i), v, bit(i))
	}
	flip := Load(Param("flip"), GP64())
	KMOVB(flip.(reg.GP).As32(), reg.K4)
	KXORB(reg.K4, reg.K3, reg.K3)
	return digit{v}
}

// bit is the mask of lanes with bit i of the index set.
func bit(i int) reg.OpmaskPhysical { return []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K5}[i-4] }

// word looks up a word of the table in each lane: VPERMT2Q picks one of sixteen entries, masks pick among the results.
// Every entry is read.
func (d digit) word(m Mem) vector {
	var found []vector
	for i := 0; i < entries; i += 16 {
		r := load(m.Offset(8 * i))
		VPERMT2Q(m.Offset(8*i+64), d.index, r)
		found = append(found, r)
	}
	for i := 4; len(found) > 1; i++ {
		for j := range len(found) / 2 {
			VPBLENDMQ(found[2*j+1], found[2*j], bit(i), found[2*j])
			give(found[2*j+1])
			found[j] = found[2*j]
		}
		found = found[:len(found)/2]
	}
	return found[0]
}

// number looks up six words of 64 bits and cuts them into eight limbs, with other bits above the lowest 52.
func (d digit) number(m Mem) (a limbs) {
	var words [6]vector
	for i := range words {
		words[i] = d.word(m.Offset(8 * entries * i))
	}
	a[0] = words[0]
	for i := 1; i < 8; i++ {
		w, shift := 52*i/64, uint64(52*i%64)
		a[i] = take()
		if w < 5 {
			VPSHRDQ(Imm(shift), words[w+1], words[w], a[i])
		} else {
			VPSRLQ(Imm(shift), words[w], a[i])
		}
	}
	give(words[1:]...)
	return a
}

func start() {
	function("startP", "func(sum *[14][8][8]uint64, window *[12][64]uint64, scalar *[8]uint64, shift, flip uint64)",
		"startP sets sum to the window's point for the digit at shift, not negated.")
	sum, window := Load(Param("sum"), GP64()), Mem{Base: Load(Param("window"), GP64())}
	d := readDigit()
	for i, at := range []int{atX, atY} {
		a := d.number(window.Offset(6 * 8 * entries * i))
		a.clean()
		slot(sum, at).store(a)
		slot(sum, at+atColumnsX).store(a)
		give(a[:]...)
	}
	finish()
}

// adder emits an addition to the point at base. Its first summand is (X/ZZ, Y/ZZZ) with ZZ^3 = ZZZ^2, its second one
// (x2, y2), and the formulas are those for a second summand with ZZ = 1:
//
//	P = x2·ZZ - X    R = y2·ZZZ - Y    Q = X·P^2
//	X3 = R^2 - P^3 - 2Q    Y3 = R·(Q - X3) - Y·P^3    ZZ3 = ZZ·P^2    ZZZ3 = ZZZ·P^3
//
// It computes -Y3, as R·(X3 - Q) + Y·P^3 is one sum of products with one reduction: the result is the negated sum.
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

func addition(p *modulus) {
	function("addP", "func(sum *[14][8][8]uint64, window *[12][64]uint64, scalar *[8]uint64, shift, flip uint64)",
		"addP sets sum to the negated sum of itself and the window's point for the digit at shift.")
	a, window := adder{p, Load(Param("sum"), GP64())}, Mem{Base: Load(Param("window"), GP64())}
	p.keep()
	for i := range windowBytes / 64 {
		pending = append(pending, func() { PREFETCHT0(window.Offset(64*i - 2*windowBytes)) })
	}
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

// doubler emits the doubling of the point (X/Z^2, Y/Z^3) at base:
//
//	D = Z^2    G = Y^2    B = X·G    A = 3(X - D)(X + D)
//	X3 = A^2 - 8B    Y3 = A·(4B - X3) - 8G·G    Z3 = 2YZ
//
// The products are in an order in which none needs the one before it.
type doubler struct {
	p    *modulus
	base reg.Register
}

func (d doubler) at(i int) number { return slot(d.base, i) }

// slope computes the factors of A: 3(X - D) and X + D.
func (d doubler) slope(minus, plus number) {
	r := d.p.square(nil, d.at(atZ).load())
	x := d.at(atColumnsX).load()
	for i := range r {
		t := take()
		VPSUBQ(r[i], x[i], t)
		VPADDQ(x[i], r[i], r[i])
		VPADDQ(t, t, x[i])
		VPADDQ(t, x[i], x[i])
		VPADDQ_BCST(d.p.times(4)[i], x[i], x[i])
		give(t)
	}
	x.carried(minus)
	r.carried(plus)
}

// squareY computes G and -8G.
func (d doubler) squareY(g, g8 number) {
	r := d.p.square(nil, d.at(atY).load())
	var t limbs
	for i := range r {
		t[i] = take()
		u := take()
		VPSLLQ(Imm(3), r[i], u)
		VPBROADCASTQ(d.p.times(9)[i], t[i])
		VPSUBQ(u, t[i], t[i])
		give(u)
	}
	r.carried(g)
	t.carried(g8)
}

// abscissa computes X3 and 4B - X3 from 4B.
func (d doubler) abscissa(a, b4, difference number) {
	r := d.p.square(d.p.times(9), a.load())
	t := b4.load()
	for i := range r {
		VPSUBQ(t[i], r[i], r[i])
		VPSUBQ(t[i], r[i], r[i])
		VPSUBQ(r[i], t[i], t[i])
		VPADDQ_BCST(d.p.times(16)[i], t[i], t[i])
	}
	d.at(atColumnsX).store(r)
	r.carried(d.at(atX))
	t.carried(difference)
}

// times is the product of two numbers in memory.
func (d doubler) times(a, b number) limbs {
	r := a.load()
	product := d.p.product(nil, factors{inRegisters(r), b})
	give(r[:]...)
	return product
}

func doubling(p *modulus) {
	function("doubleZ", "func(sum *[14][8][8]uint64)", "doubleZ doubles sum.")
	p.keep()
	d := doubler{p, Load(Param("sum"), GP64())}
	minus, plus, a, g, g8, difference := d.at(atP), d.at(atR), d.at(atSquareP), d.at(atCubeP), d.at(atPart), d.at(atD)
	d.slope(minus, plus)
	d.squareY(g, g8)
	d.times(minus, plus).carried(a)
	b := d.times(d.at(atX), g)
	for i := range b {
		VPSLLQ(Imm(2), b[i], b[i])
	}
	difference.store(b)
	give(b[:]...)
	d.abscissa(a, difference, difference)
	z := d.times(d.at(atY), d.at(atZ))
	for i := range z {
		VPADDQ(z[i], z[i], z[i])
	}
	z.carried(d.at(atZ))
	r := a.load()
	y := p.product(nil, factors{inRegisters(r), difference}, factors{inMemory(g8), g})
	give(r[:]...)
	d.at(atColumnsY).store(y)
	y.carried(d.at(atY))
	finish()
}

// minus subtracts a number's columns.
func (r limbs) minus(n number) {
	for i := range r {
		VPSUBQ(n.limb(i), r[i], r[i])
	}
}
