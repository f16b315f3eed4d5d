package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector is a ZMM register: one limb of eight lanes.
type vector = reg.VecPhysical

// limbs are the eight limbs of a number in eight lanes.
type limbs [8]vector

var free []vector

// allFree forgets who owns which register; a function begins with it.
func allFree() {
	clear(cache)
	free = []vector{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
}

// take hands out the register that has been free for the longest time.
func take() vector {
	if len(free) == 0 {
		panic("no register left")
	}
	r := free[0]
	free = free[1:]
	return r
}

func give(registers ...vector) { free = append(free, registers...) }

func zeroed() vector {
	r := take()
	VPXORQ(r, r, r)
	return r
}

func load(m Mem) vector {
	r := take()
	VMOVDQU64(m, r)
	return r
}

// number is where a number's eight limbs are: limb i of all lanes at offset 64*i.
type number struct{ Mem }

func (n number) limb(i int) Mem { return n.Offset(64 * i) }

func (n number) load() (a limbs) {
	for i := range a {
		a[i] = load(n.limb(i))
	}
	return a
}

func (n number) store(a limbs) {
	for i := range a {
		VMOVDQU64(a[i], n.limb(i))
	}
}

// slot is one number of an array of numbers.
func slot(base reg.Register, i int) number { return number{Mem{Base: base, Disp: 512 * i}} }

// argument is a number that a parameter points to.
func argument(name string) number { return slot(Load(Param(name), GP64()), 0) }
