//go:build !purego

package single

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C _asm . -out ../kernel_amd64.s -stubs ../kernel_amd64.go -pkg single

var (
	adx  = cpu.X86.HasADX && cpu.X86.HasBMI2
	avx2 = cpu.X86.HasAVX2
)

func kernel() string {
	if adx {
		return "adx"
	}
	return "portable"
}

func (z *element) mul(x, y *element) {
	if adx {
		mulADX((*[6]uint64)(z), (*[6]uint64)(x), (*[6]uint64)(y))
	} else {
		z.mulPortable(x, y)
	}
}

func (z *element) sqr(x *element) { z.mul(x, x) }

// The kernels see numbers without names.
var (
	_ [60 * 8]byte      = [unsafe.Sizeof(accumulator{})]byte{}
	_ [32 * 12 * 8]byte = [unsafe.Sizeof([32]affine{})]byte{}
)

func (p *accumulator) addMixed() {
	if adx {
		addMixedADX((*[60]uint64)(unsafe.Pointer(p)))
	} else {
		p.addMixedPortable()
	}
}

func (p *accumulator) double() {
	if adx {
		doubleADX((*[60]uint64)(unsafe.Pointer(p)))
	} else {
		p.doublePortable()
	}
}

func (z *affine) choose(window *[32]affine, index uint64) {
	if avx2 {
		chooseAVX2((*[12]uint64)(unsafe.Pointer(z)), (*[384]uint64)(unsafe.Pointer(window)), index)
	} else {
		z.choosePortable(window, index)
	}
}
