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
	name    string
	value   *big.Int
	inverse Mem   // 1/d mod 2^52
	d       []Mem // the limbs of d
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

var known = map[string][]Mem{}

// constants are 64-bit words of the read-only data, to be read with a broadcast.
func constants(name string, words ...uint64) []Mem {
	if _, ok := known[name]; !ok {
		global := GLOBL(name, attr.RODATA|attr.NOPTR)
		for i, w := range words {
			DATA(8*i, U64(w))
			known[name] = append(known[name], global.Offset(8*i))
		}
	}
	return known[name]
}

func constant(n uint64) Mem { return constants(fmt.Sprintf("constant_%x", n), n)[0] }

func newModulus(name string, value *big.Int) *modulus {
	d := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 384), value)
	inverse := new(big.Int).ModInverse(d, big.NewInt(1<<52))
	return &modulus{
		name:    name,
		value:   value,
		inverse: constant(inverse.Uint64()),
		d:       constants(name+"_d", split(d, (d.BitLen()+51)/52)...),
	}
}

// times is a multiple of the modulus, limb by limb. Added to a difference it keeps it from becoming negative.
func (m *modulus) times(factor int64) []Mem {
	multiple := new(big.Int).Mul(m.value, big.NewInt(factor))
	return constants(fmt.Sprintf("%s_times%d", m.name, factor), split(multiple, 8)...)
}
