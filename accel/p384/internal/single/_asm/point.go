package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// The numbers of an accumulator in the package.
var (
	x, y, z    = at(0), at(1), at(2)
	qx, qy     = at(3), at(4)
	a, b, c, d = at(5), at(6), at(7), at(8)
	spill      = at(9)
)

func at(i int) number { return number{RSI, 48 * i} }

func addition() {
	TEXT("addMixedADX", NOSPLIT, "func(w *[60]uint64)")
	Doc("addMixedADX adds the entry to the point of an accumulator, as addMixed does.")
	Pragma("noescape")
	Load(Param("w"), RSI)
	square(z, spill).store(a)
	h := multiply(qx, a)
	h.sub(x)
	h.store(b)
	multiply(a, z).store(a)
	r := multiply(qy, a)
	r.sub(y)
	r.store(c)
	multiply(z, b).store(z)
	square(b, spill).store(a)
	multiply(x, a).store(d)
	multiply(a, b).store(a)
	multiply(y, a).store(y)
	sum := square(c, spill)
	sum.sub(a)
	sum.sub(d)
	sum.sub(d)
	sum.store(x)
	v := load(d)
	v.sub(x)
	v.store(d)
	sum = multiply(c, d)
	sum.sub(y)
	sum.store(y)
	RET()
}

func doubling() {
	TEXT("doubleADX", NOSPLIT, "func(w *[60]uint64)")
	Doc("doubleADX doubles the point of an accumulator, as double does.")
	Pragma("noescape")
	Load(Param("w"), RSI)
	square(z, spill).store(a)
	square(y, spill).store(b)
	multiply(y, z).store(z)
	alpha := load(x)
	alpha.sub(a)
	alpha.store(d)
	alpha = load(x)
	alpha.add(a)
	alpha.store(a)
	multiply(x, b).store(c)
	alpha = multiply(a, d)
	alpha.store(d)
	alpha.halve()
	alpha.add(d)
	alpha.store(d)
	double := square(d, spill)
	double.sub(c)
	double.sub(c)
	double.store(x)
	square(b, spill).store(b)
	beta := load(c)
	beta.sub(x)
	beta.store(c)
	double = multiply(d, c)
	double.sub(b)
	double.store(y)
	RET()
}
