package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func multiplication() {
	TEXT("mulADX", NOSPLIT, "func(z, x, y *[6]uint64)")
	Doc("mulADX sets z to x*y/2^384 mod p.")
	Pragma("noescape")
	Load(Param("x"), RSI)
	Load(Param("y"), RCX)
	product := multiply(number{base: RSI}, number{base: RCX})
	Load(Param("z"), RSI)
	product.store(number{base: RSI})
	RET()
}

// multiply leaves x*y/2^384 mod p in registers. It takes limb by limb of y and keeps the base of x only.
func multiply(x, y number) value {
	t := [8]Register{R8, R9, R10, R11, R12, R13, R14, R15}
	XORQ(RDI, RDI)
	XORQ(t[7], t[7])
	for i := range 6 {
		MOVQ(y.limb(i), RDX)
		if i == 0 {
			firstRow(x, t)
		} else {
			row(x, t)
		}
		reduceRow(t)
		t = [8]Register{t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[0]}
	}
	product := value(t[:6])
	product.normalize(t[6])
	return product
}

// firstRow sets t to x*RDX; t[7] is 0 already.
func firstRow(x number, t [8]Register) {
	MULXQ(x.limb(0), t[0], t[1])
	for j := 1; j < 6; j++ {
		MULXQ(x.limb(j), RAX, t[j+1])
		next(j-1, ADDQ, ADCQ)(RAX, t[j])
	}
	ADCQ(Imm(0), t[6])
}

// row adds x*RDX to t; t[7], RDI, the carry and the overflow flag are 0 before.
func row(x number, t [8]Register) {
	for j := range 6 {
		MULXQ(x.limb(j), RAX, RBX)
		ADCXQ(RAX, t[j])
		ADOXQ(RBX, t[j+1])
	}
	ADCXQ(RDI, t[6])
	ADOXQ(RDI, t[7])
	ADCXQ(RDI, t[7])
}

// reduceRow makes t[0] and both flags 0. With m = t*(1 + 2^32) mod 2^64 it adds m*p = m*2^384 - m*d; t - m*d ends in a
// limb of 0, see mulPortable.
func reduceRow(t [8]Register) {
	multipleOfD(t[0], func() { MOVQ(RDI, t[0]) })
	SUBQ(RAX, t[1])
	SBBQ(RBX, t[2])
	SBBQ(t[0], t[3])
	SBBQ(Imm(0), t[4])
	SBBQ(Imm(0), t[5])
	SBBQ(Imm(0), RDX)
	ADDQ(RDX, t[6])
	ADCQ(Imm(0), t[7])
	XORQ(t[0], t[0])
}

// multipleOfD leaves m in RDX and limbs 1 to 3 of m*d in RAX, RBX and low, where m = low*(1 + 2^32) mod 2^64. With
// m = high*2^32 + rest, m*d = m*2^128 + m*2^96 - m*2^32 + m is, limb by limb, low, rest - high, high + m, and borrows
// and carries. That rest is the lower half of low, high the sum of its halves, and a carry of that sum is the borrow
// from limb 1, makes for a short way from low to the next limb.
func multipleOfD(low Register, clear func()) {
	MOVQ(low, RDX)
	MULXQ(halves, RAX, RBX)
	LEAQ(Mem{Base: low, Index: RAX, Scale: 1}, RDX)
	ADDL(low.(GPPhysical).As32(), EBX)
	SBBQ(RBX, RAX)
	SBBQ(Imm(0), RBX)
	ADDQ(RDX, RBX)
	clear()
	ADCQ(Imm(0), low)
}

// square leaves x^2/2^384 mod p in registers. Three limbs wait in spill, which is not x.
func square(x, spill number) value {
	r := [11]Register{nil, R8, R9, R10, R11, R12, R13, R14, R15, RCX, RDI}
	crossProducts(x, r)
	doubleAndSquares(x, spill, r)
	low := value{r[10], r[1], r[2], r[3], r[4], r[5]}
	MOVQ(spill.limb(0), low[0])
	reduceLow(low)
	for i, high := range []Op{r[6], r[7], r[8], r[9], spill.limb(1), spill.limb(2)} {
		next(i, ADDQ, ADCQ)(high, low[i])
	}
	low.normalizeCarry()
	return low
}

// crossProducts sets r[1] to r[10] to the sum of x[i]*x[j], i < j.
func crossProducts(x number, r [11]Register) {
	MOVQ(x.limb(0), RDX)
	MULXQ(x.limb(1), r[1], r[2])
	for j := 2; j < 6; j++ {
		MULXQ(x.limb(j), RAX, r[j+1])
		next(j-2, ADDQ, ADCQ)(RAX, r[j])
	}
	ADCQ(Imm(0), r[6])
	for i := 1; i < 4; i++ {
		MOVQ(x.limb(i), RDX)
		XORQ(r[i+6], r[i+6])
		for j := i + 1; j < 6; j++ {
			MULXQ(x.limb(j), RAX, RBX)
			ADCXQ(RAX, r[i+j])
			ADOXQ(RBX, r[i+j+1])
		}
		ADCQ(Imm(0), r[i+6])
	}
	MOVQ(x.limb(4), RDX)
	MULXQ(x.limb(5), RAX, r[10])
	ADDQ(RAX, r[9])
	ADCQ(Imm(0), r[10])
}

// doubleAndSquares doubles r and adds x[i]^2. Limbs 0, 10 and 11 go to spill.
func doubleAndSquares(x, spill number, r [11]Register) {
	MOVQ(x.limb(0), RDX)
	MULXQ(RDX, RAX, RBX)
	MOVQ(RAX, spill.limb(0))
	XORQ(RAX, RAX)
	ADCXQ(r[1], r[1])
	ADOXQ(RBX, r[1])
	for i := 1; i < 6; i++ {
		MOVQ(x.limb(i), RDX)
		MULXQ(RDX, RAX, RBX)
		ADCXQ(r[2*i], r[2*i])
		ADOXQ(RAX, r[2*i])
		if i < 5 {
			ADCXQ(r[2*i+1], r[2*i+1])
			ADOXQ(RBX, r[2*i+1])
		}
	}
	ADCXQ(zero, RBX)
	ADOXQ(zero, RBX)
	MOVQ(r[10], spill.limb(1))
	MOVQ(RBX, spill.limb(2))
}

// reduceLow sets low to low/2^384 mod p, at most p.
func reduceLow(low value) {
	for range 6 {
		multipleOfD(low[0], func() { MOVQ(zero, low[0]) })
		SUBQ(RAX, low[1])
		SBBQ(RBX, low[2])
		SBBQ(low[0], low[3])
		SBBQ(Imm(0), low[4])
		SBBQ(Imm(0), low[5])
		SBBQ(Imm(0), RDX)
		MOVQ(RDX, low[0])
		low = value{low[1], low[2], low[3], low[4], low[5], low[0]}
	}
}
