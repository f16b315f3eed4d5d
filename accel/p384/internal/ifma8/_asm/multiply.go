package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// factors are two numbers to be multiplied: the limbs of one in registers or memory, the other's in memory.
type factors struct {
	a func(i int) Op
	b number
}

func inRegisters(a limbs) func(i int) Op { return func(i int) Op { return a[i] } }
func inMemory(n number) func(i int) Op   { return func(i int) Op { return n.limb(i) } }

// montgomery computes a sum of products divided by R = 2^416, column by column (a column is a limb of the double-width
// sum before carries are carried). Step i makes column i divisible by 2^52: with q = column·(1/d) mod 2^52, adding q·m
// = q·2^384 - q·d clears it. q·2^384 goes to columns i+7 and i+8, q·d to columns of its own that are subtracted later:
// its lowest limb is column i itself and cancels without a carry. The result for a sum T of products is below T/R + m.
type montgomery struct {
	inverse Op
	top     Op // 2^20: 2^384 = 2^20 * 2^(7*52)
	d       []Op
	column  [16]*vector // what is added
	owed    [16]*vector // what is subtracted
	doubled [16]bool    // squares: the column has its final weight
	late    [16]*vector // squares: what is added to a column that has not
	carry   *vector
	start   []Mem // what the upper columns begin with, or nothing
}

// at is column i of the sum.
func (g *montgomery) at(i int) vector {
	if g.column[i] == nil && i >= 8 && g.start != nil {
		r := take()
		VPBROADCASTQ(g.start[i-8], r)
		g.column[i] = &r
	}
	return at(&g.column, i)
}

func low(a, b Op, c vector) {
	if m, ok := a.(Mem); ok && m.Symbol.Name != "" {
		VPMADD52LUQ_BCST(a, b, c)
		return
	}
	VPMADD52LUQ(a, b, c)
}

func high(a, b Op, c vector) {
	if m, ok := a.(Mem); ok && m.Symbol.Name != "" {
		VPMADD52HUQ_BCST(a, b, c)
		return
	}
	VPMADD52HUQ(a, b, c)
}

func at(columns *[16]*vector, i int) vector {
	if columns[i] == nil {
		r := zeroed()
		columns[i] = &r
	}
	return *columns[i]
}

// row lists what adds limb i of each b times each a to the columns.
func (g *montgomery) row(i int, sum []factors) (ops []func()) {
	for _, f := range sum {
		var b vector
		ops = append(ops, func() { b = load(f.b.limb(i)) })
		for j := range 8 {
			ops = append(ops, func() { low(f.a(j), b, g.at(i+j)) })
		}
		for j := range 8 {
			ops = append(ops, func() { high(f.a(j), b, g.at(i+j+1)) })
		}
		ops = append(ops, func() { give(b) })
	}
	return ops
}

// step lists what clears column i.
func (g *montgomery) step(i int) (ops []func()) {
	var q vector
	ops = append(ops, func() {
		t := g.at(i)
		g.subtract(i)
		if g.carry != nil {
			VPADDQ(*g.carry, t, t)
			give(*g.carry)
		}
		q = zeroed()
		low(g.inverse, t, q)
		VPSRAQ(Imm(52), t, t)
		g.carry = &t
	})
	for j, d := range g.d {
		if j > 0 {
			ops = append(ops, func() { low(d, q, at(&g.owed, i+j)) })
		}
		ops = append(ops, func() { high(d, q, at(&g.owed, i+j+1)) })
	}
	ops = append(ops, func() { low(g.top, q, g.destination(i+7)) })
	return append(ops, func() { high(g.top, q, g.destination(i+8)); give(q) })
}

func (g *montgomery) destination(i int) vector {
	if g.doubled[i] {
		return g.at(i)
	}
	return at(&g.late, i)
}

func (g *montgomery) subtract(i int) {
	if g.owed[i] != nil {
		VPSUBQ(*g.owed[i], *g.column[i], *g.column[i])
		give(*g.owed[i])
		g.owed[i] = nil
	}
}

// result is what is left in the upper columns; its limbs are signed and their carries not yet carried.
func (g *montgomery) result() (r limbs) {
	for i := range r {
		r[i] = g.at(8 + i)
		g.subtract(8 + i)
	}
	VPADDQ(*g.carry, r[0], r[0])
	give(*g.carry)
	return r
}

// interleave emits two lists, each at its own pace, so that both end together.
func interleave(a, b []func()) {
	done := 0
	for i, op := range a {
		for op(); done < len(b)*(i+1)/len(a); done++ {
			b[done]()
		}
	}
}

func run(ops []func()) {
	for _, op := range ops {
		op()
	}
}

// pending are instructions that may come anywhere: each row of a product takes two.
var pending []func()

func takePending() {
	for range min(2, len(pending)) {
		pending[0]()
		pending = pending[1:]
	}
}

var cache = map[Mem]vector{}

// cached is the register that holds a constant, or else the constant.
func cached(m Mem) Op {
	if r, ok := cache[m]; ok {
		return r
	}
	return m
}

// keep loads constants into registers for the rest of the function.
func keep(constants ...Mem) {
	for _, m := range constants {
		r := take()
		VPBROADCASTQ(m, r)
		cache[m] = r
	}
}

func (m *modulus) keep() {
	keep(m.inverse, constant(1<<20))
	keep(m.d...)
}

// newMontgomery begins a product. start is added to it, limb by limb, before the carries.
func (m *modulus) newMontgomery(start []Mem) *montgomery {
	g := &montgomery{start: start, inverse: cached(m.inverse), top: cached(constant(1 << 20))}
	for _, d := range m.d {
		g.d = append(g.d, cached(d))
	}
	return g
}

// product multiplies and reduces a sum of products. The steps follow the rows at a distance of one.
func (m *modulus) product(start []Mem, sum ...factors) limbs {
	g := m.newMontgomery(start)
	for i := range g.doubled {
		g.doubled[i] = true
	}
	run(g.row(0, sum))
	for i := 1; i < 8; i++ {
		interleave(g.row(i, sum), g.step(i-1))
		takePending()
	}
	run(g.step(7))
	return g.result()
}

// square multiplies a by itself: the products of different limbs once, doubled, then the squares. It gives a away.
func (m *modulus) square(start []Mem, a limbs) limbs {
	g := m.newMontgomery(nil)
	run(g.squareRow(0, a))
	for i := 1; i < 8; i++ {
		interleave(g.squareRow(i, a), g.step(i-1))
		takePending()
	}
	run(g.step(7))
	r := g.result()
	for i, s := range start {
		VPADDQ_BCST(s, r[i], r[i])
	}
	return r
}

// squareRow lists the products of limb i with the limbs above it, and what then completes columns 2i and 2i+1.
func (g *montgomery) squareRow(i int, a limbs) (ops []func()) {
	for j := i + 1; j < 8; j++ {
		ops = append(ops, func() { low(a[j], a[i], g.at(i+j)) })
	}
	for j := i + 1; j < 8; j++ {
		ops = append(ops, func() { high(a[j], a[i], g.at(i+j+1)) })
	}
	ops = append(ops, func() { g.double(2 * i); low(a[i], a[i], g.at(2*i)) })
	return append(ops, func() { g.double(2*i + 1); high(a[i], a[i], g.at(2*i+1)); give(a[i]) })
}

func (g *montgomery) double(i int) {
	g.doubled[i] = true
	if g.column[i] == nil {
		return
	}
	VPADDQ(*g.column[i], *g.column[i], *g.column[i])
	if g.late[i] != nil {
		VPADDQ(*g.late[i], *g.column[i], *g.column[i])
		give(*g.late[i])
		g.late[i] = nil
	}
}

// carry carries the carries upwards. Limbs keep their bits above the lowest 52, which the multiplication does not see.
func (r limbs) carry() {
	carry := take()
	for i := range 7 {
		VPSRAQ(Imm(52), r[i], carry)
		VPADDQ(carry, r[i+1], r[i+1])
	}
	give(carry)
}

// clean removes the bits above the lowest 52.
func (r limbs) clean() {
	for i := range r {
		VPANDQ_BCST(constant(limbMask), r[i], r[i])
	}
}

// carried stores the limbs with their carries carried and gives them away.
func (r limbs) carried(to number) {
	r.carry()
	to.store(r)
	give(r[:]...)
}

// cleaned does the same and removes the bits above the lowest 52, for numbers that are added or compared.
func (r limbs) cleaned(to number) {
	r.carry()
	r.clean()
	to.store(r)
	give(r[:]...)
}
