package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// General registers, each for the argument of its name or for one purpose in all functions.
var (
	key        = RAX
	rounds     = RBX
	digest     = RCX
	dst        = RDI
	src        = RSI
	left       = R8 // of n, bytes or chunks
	power      = R9 // power of the hash key for the next vector
	scratch    = R10
	bytes      = R11 // of the next vector
	nonce      = R12
	counter    = R13
	additional = RDX
	total      = R14
)

// Vectors 8 to 21 and 0 to 7, the blocks being encrypted, hold secrets; the others are constants and the counter.
var (
	roundKey = Z8
	text     = Z9
	hashed   = Z10 // blocks being hashed
	factor   = Z11 // their powers of the hash key
	low      = Z12 // sums of the products' parts
	middle   = Z13
	high     = Z14
	sum      = Z15 // GHASH so far
	products = [2][2]VecPhysical{{Z16, Z17}, {Z18, Z19}}
	crossed  = [2]VecPhysical{Z20, Z21}
	reverse  = Z22
	counters = Z23 // bytes reversed
	four     = Z24
	modulus  = Z25
)

const secrets = 22

var (
	reversal = constant("reversal", 0x08090a0b0c0d0e0f, 0x0001020304050607)
	additive = constant("modulus", 0xc200000000000000, 0)
	carry    = constant("carry", 1, 0xc200000000000000)
	step     = constant("step", 4, 0)
	lanes    = constant("lanes", 0, 0, 1, 0, 2, 0, 3, 0)
)

func constant(name string, words ...uint64) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, w := range words {
		DATA(8*i, U64(w))
	}
	return m
}

// function begins a function and loads its arguments, each into the register of its name.
func function(name, signature string) {
	TEXT(name, NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	registers := map[string]GPPhysical{
		"key": key, "rounds": rounds, "nonce": nonce, "counter": counter, "digest": digest,
		"dst": dst, "src": src, "n": left, "additional": additional, "total": total,
	}
	for argument := range strings.SplitSeq(signature, ", ") {
		name, _, _ := strings.Cut(argument, " ")
		Load(Param(name), registers[name])
	}
}

// leave clears every vector that held a secret (VZEROUPPER does not touch 16 to 31) and returns.
func leave() {
	for i := range secrets {
		if i < 16 {
			x := vector(i).AsX()
			VPXOR(x, x, x)
			continue
		}
		VPXORQ(vector(i), vector(i), vector(i))
	}
	VZEROUPPER()
	RET()
}

func vector(i int) VecPhysical {
	return []VecPhysical{
		Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17, Z18, Z19, Z20, Z21,
	}[i]
}

func at(base Register, offset int) Mem { return Mem{Base: base, Disp: offset} }
