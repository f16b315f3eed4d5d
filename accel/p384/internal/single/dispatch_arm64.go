//go:build !purego

package single

import "unsafe"

func kernel() string { return "arm64" }

func (z *element) mul(x, y *element) { mulARM64((*[6]uint64)(z), (*[6]uint64)(x), (*[6]uint64)(y)) }

func (z *element) sqr(x *element) { sqrARM64((*[6]uint64)(z), (*[6]uint64)(x)) }

func (p *accumulator) addMixed() { p.addMixedPortable() }

func (p *accumulator) double() { p.doublePortable() }

// The kernel sees numbers without names.
var _ [384 * 8]byte = [unsafe.Sizeof([32]affine{})]byte{}

func (z *affine) choose(window *[32]affine, index uint64) {
	chooseARM64((*[12]uint64)(unsafe.Pointer(z)), (*[384]uint64)(unsafe.Pointer(window)), index)
}
