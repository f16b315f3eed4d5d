// Command _asm writes the kernels for amd64: multiplication with MULX, ADCX and ADOX, whole point operations made of
// it, and the scan of a table with AVX2.
//
// Registers are given out by hand, because a multiplication wants all of them: eight for the sum, three for a product,
// and what is left for pointers.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	multiplication()
	addition()
	doubling()
	choice()
	Generate()
}

// number is where the six limbs of a number are in memory.
type number struct {
	base   Register
	offset int
}

func (n number) limb(i int) Mem { return Mem{Base: n.base, Disp: n.offset + 8*i} }

var pool = []Register{R8, R9, R10, R11, R12, R13, R14, R15, RCX, RDI, RAX, RBX, RDX}

// value is a number in registers.
type value [6]Register

// others are registers that neither v nor taken use.
func (v value) others(taken ...Register) (free []Register) {
	used := map[Register]bool{}
	for _, r := range append(taken, v[:]...) {
		used[r] = true
	}
	for _, r := range pool {
		if !used[r] {
			free = append(free, r)
		}
	}
	return free
}

func (v value) store(z number) {
	for i, r := range v {
		MOVQ(r, z.limb(i))
	}
}

func load(x number) (v value) {
	copy(v[:], pool)
	for i, r := range v {
		MOVQ(x.limb(i), r)
	}
	return v
}

// The low limbs of d = 2^384 - p; the third is 1. A factor that takes two halves apart. And 0, to set a register without
// touching the flags.
var (
	d0, d1 = constant("d0", 1<<64-1<<32+1), constant("d1", 1<<32-1)
	halves = constant("halves", 1<<32)
	zero   = constant("zero", 0)
)

func constant(name string, v uint64) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	DATA(0, U64(v))
	return m
}

// normalize takes p off v + over*2^384, below 2p, if it is p or more: if adding 2^384 - p reaches 2^384.
func (v value) normalize(over Register) {
	less := v.others(over)
	for i, r := range v {
		MOVQ(r, less[i])
	}
	ADDQ(d0, less[0])
	ADCQ(d1, less[1])
	ADCQ(Imm(1), less[2])
	ADCQ(Imm(0), less[3])
	ADCQ(Imm(0), less[4])
	ADCQ(Imm(0), less[5])
	ADCQ(Imm(0), over)
	for i, r := range v {
		CMOVQNE(less[i], r)
	}
}

// add adds y to v.
func (v value) add(y number) {
	for i, r := range v {
		next(i, ADDQ, ADCQ)(y.limb(i), r)
	}
	v.normalizeCarry()
}

// halve halves v: an odd one plus p is even.
func (v value) halve() {
	free := v.others()
	odd := free[0]
	MOVQ(v[0], odd)
	ANDQ(Imm(1), odd)
	NEGQ(odd)
	v.addMasked(odd, free[1], free[2], free[3])
	SBBQ(odd, odd)
	for i := range 5 {
		SHRQ(Imm(1), v[i+1], v[i])
	}
	SHRQ(Imm(1), odd, v[5])
}

// addMasked adds p where mask is all ones, 0 where it is 0.
func (v value) addMasked(mask, p0, p1, p2 Register) {
	MOVQ(mask, p0)
	SHRQ(Imm(32), p0)
	MOVQ(mask, p1)
	SHLQ(Imm(32), p1)
	LEAQ(Mem{Base: mask, Index: mask, Scale: 1}, p2)
	for i, r := range [6]Register{p0, p1, p2, mask, mask, mask} {
		next(i, ADDQ, ADCQ)(r, v[i])
	}
}

func (v value) normalizeCarry() {
	over := v.others()[0]
	SBBQ(over, over) // -1 is as good as 1
	v.normalize(over)
}

// sub takes y off v.
func (v value) sub(y number) {
	for i, r := range v {
		next(i, SUBQ, SBBQ)(y.limb(i), r)
	}
	free := v.others()
	SBBQ(free[0], free[0])
	v.addMasked(free[0], free[1], free[2], free[3])
}

// next is the first instruction of a chain of carries at limb 0, the other at limbs above.
func next(i int, first, other func(Op, Op)) func(Op, Op) {
	if i == 0 {
		return first
	}
	return other
}
