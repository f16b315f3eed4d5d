package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func sum() {
	function("add", "func(z, x, y *[8][8]uint64)", "add sets z to x+y. All three are below 2^416.")
	z, x, y := argument("z"), argument("x"), argument("y")
	r := x.load()
	for i := range r {
		VPADDQ(y.limb(i), r[i], r[i])
	}
	r.cleaned(z)
	finish()
}

func difference(name string, m *modulus) {
	function(name, "func(z, x, y *[8][8]uint64)", name+" sets z to x-y plus 64 times the modulus, which y must not exceed.")
	z, x, y := argument("z"), argument("x"), argument("y")
	r := x.load()
	for i := range r {
		VPADDQ_BCST(m.times(64)[i], r[i], r[i])
	}
	r.minus(y)
	r.cleaned(z)
	finish()
}

// reduction subtracts the modulus once where that leaves no negative number.
func reduction(name string, m *modulus) {
	function(name, "func(z, x *[8][8]uint64)", name+" sets z to x modulo the modulus, for x below twice the modulus.")
	z, x := argument("z"), argument("x")
	a := x.load()
	var r limbs
	for i := range r {
		r[i] = take()
		VPSUBQ_BCST(m.times(1)[i], a[i], r[i])
	}
	r.carry()
	VPTESTMQ_BCST(constant(1<<63), r[7], reg.K1)
	r.clean()
	for i := range r {
		VPBLENDMQ(a[i], r[i], reg.K1, r[i])
	}
	z.store(r)
	finish()
}

func swapping() {
	function("swapLanes", "func(z, x *[8][8]uint64, order *[8]uint64)", "swapLanes sets lane l of z to lane order[l] of x.")
	z, x := argument("z"), argument("x")
	order := argument("order")
	o := load(order.Mem)
	for i := range 8 {
		r := take()
		VPERMQ(x.limb(i), o, r)
		VMOVDQU64(r, z.limb(i))
		give(r)
	}
	finish()
}
