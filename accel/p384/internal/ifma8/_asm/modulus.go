package main

import (
	"fmt"
	"math/big"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

const limbMask = 1<<52 - 1

// modulus is 2^384 - d for a short d, which is what makes a reduction cheap.
type modulus struct {
	value     *big.Int
	inverse   Mem   // 1/d mod 2^52
	d         []Mem // the limbs of d
	multiples map[int64][]Mem
}

func hex(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return n
}

var (
	fieldOrder = hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff")
	groupOrder = hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973")
)

func split(n *big.Int, count int) (out []uint64) {
	mask := big.NewInt(limbMask)
	for i := range count {
		limb := new(big.Int).Rsh(n, uint(52*i))
		out = append(out, limb.And(limb, mask).Uint64())
	}
	return out
}

// constants puts 64-bit words into the read-only data.
func constants(name string, words ...uint64) (out []Mem) {
	global := GLOBL(name, attr.RODATA|attr.NOPTR)
	for i, w := range words {
		DATA(8*i, U64(w))
		out = append(out, global.Offset(8*i))
	}
	return out
}

func newModulus(name string, value *big.Int) *modulus {
	d := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 384), value)
	inverse := new(big.Int).ModInverse(d, big.NewInt(1<<52))
	return &modulus{
		value:     value,
		inverse:   constants(name+"_inverse", inverse.Uint64())[0],
		d:         constants(name+"_d", split(d, (d.BitLen()+51)/52)...),
		multiples: map[int64][]Mem{},
	}
}

// prepareMultiples makes multiples of the modulus ready for times.
func (m *modulus) prepareMultiples(name string, factors ...int64) {
	for _, f := range factors {
		multiple := new(big.Int).Mul(m.value, big.NewInt(f))
		m.multiples[f] = constants(fmt.Sprintf("%s_times%d", name, f), split(multiple, 8)...)
	}
}

// times is a multiple of the modulus, limb by limb, to be read with a broadcast. Added to a difference it keeps it from
// becoming negative.
func (m *modulus) times(factor int64) []Mem { return m.multiples[factor] }

var singles = map[uint64]Mem{}

// constant is a number to be read with a broadcast.
func constant(n uint64) Mem {
	if _, ok := singles[n]; !ok {
		panic(fmt.Sprint("constant not prepared: ", n))
	}
	return singles[n]
}

func prepareConstants(numbers ...uint64) {
	for _, n := range numbers {
		singles[n] = constants(fmt.Sprintf("constant_%x", n), n)[0]
	}
}
