// Command asm writes the assembly of package ifma8.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// function begins a function.
func function(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
	allFree()
}

// finish ends it.
func finish() {
	if len(pending) > 0 {
		panic("instructions left")
	}
	VZEROUPPER()
	RET()
}

func multiplication(name string, m *modulus) {
	function(name, "func(z, x, y *[8][8]uint64)", name+" sets z to x·y/R.")
	z, x, y := argument("z"), argument("x"), argument("y")
	m.keep()
	a := x.load()
	m.product(nil, factors{inRegisters(a), y}).cleaned(z)
	finish()
}

func squaring(name string, m *modulus) {
	function(name, "func(z, x *[8][8]uint64)", name+" sets z to x·x/R.")
	z, x := argument("z"), argument("x")
	m.keep()
	m.square(nil, x.load()).cleaned(z)
	finish()
}

func main() {
	ConstraintExpr("!purego")
	p, n := newModulus("p", fieldOrder), newModulus("n", groupOrder)
	multiplication("mulP", p)
	squaring("sqrP", p)
	multiplication("mulN", n)
	sum()
	difference("subP", p)
	reduction("reduceP", p)
	reduction("reduceN", n)
	swapping()
	start()
	addition(p)
	additionZ(p)
	doubling(p)
	wiping()
	Generate()
}

// wiping clears the registers that VZEROUPPER leaves alone, and with it all of them.
func wiping() {
	TEXT("wipe", NOSPLIT, "func()")
	Doc("wipe clears the vector registers.")
	for _, r := range []reg.VecPhysical{
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	} {
		VPXORQ(r, r, r)
	}
	VZEROALL()
	RET()
}
