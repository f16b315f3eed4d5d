package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// doubler emits the doubling of the point (X/Z^2, Y/Z^3) at base:
//
//	D = Z^2    G = Y^2    B = X·G    A = 3(X - D)(X + D)
//	X3 = A^2 - 8B    Y3 = A·(4B - X3) - 8G·G    Z3 = 2YZ
//
// The products are in an order in which few need the one before it. X3 has 9·p added, -8G·G too, the others 4·p and 16·p.
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
