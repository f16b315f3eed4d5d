package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const xor3 = 0x96 // VPTERNLOGQ: exclusive or of three

func hashConstants() {
	VBROADCASTI32X4(reversal, reverse)
	VBROADCASTI32X4(additive, modulus)
}

// clearSums sets the sums to zero, for accumulate.
func clearSums() {
	for _, z := range []VecPhysical{low, middle, high} {
		VPXORQ(z, z, z)
	}
}

// accumulate adds hashed times factor to the sums.
func accumulate() {
	p := products[0]
	VPCLMULQDQ(U8(0x01), factor, hashed, crossed[0])
	VPCLMULQDQ(U8(0x10), factor, hashed, crossed[1])
	VPCLMULQDQ(U8(0x00), factor, hashed, p[0])
	VPCLMULQDQ(U8(0x11), factor, hashed, p[1])
	VPTERNLOGQ(U8(xor3), crossed[0], crossed[1], middle)
	VPXORQ(p[0], low, low)
	VPXORQ(p[1], high, high)
}

// reduce returns the instructions that set each quarter of sum to what the sums, with a last addend for low and for
// high, are modulo Q.
func reduce(lowest, highest VecPhysical) []func() {
	t, u := crossed[0], crossed[1]
	return []func(){
		func() { VPSLLDQ(U8(8), middle, t) },
		func() { VPSRLDQ(U8(8), middle, u) },
		func() { VPTERNLOGQ(U8(xor3), t, lowest, low) },
		func() { VPTERNLOGQ(U8(xor3), u, highest, high) },
		func() { VPCLMULQDQ(U8(0x00), modulus, low, t) },
		func() { VPSHUFD(U8(0x4e), low, low) },
		func() { VPXORQ(t, low, low) },
		func() { VPCLMULQDQ(U8(0x00), modulus, low, t) },
		func() { VPSHUFD(U8(0x4e), low, sum) },
		func() { VPTERNLOGQ(U8(xor3), t, high, sum) },
	}
}

// fold returns the instructions that add the quarters of sum into its lowest and clear the others.
func fold() []func() {
	half := crossed[0]
	return []func(){
		func() { VEXTRACTI64X4(U8(1), sum, half.AsY()) },
		func() { VPXORQ(half.AsY(), sum.AsY(), sum.AsY()) },
		func() { VEXTRACTI32X4(U8(1), sum.AsY(), half.AsX()) },
		func() { VPXORQ(half.AsX(), sum.AsX(), sum.AsX()) },
	}
}

// reduceSums sets the quarters of sum to what accumulate has added.
func reduceSums() {
	none := products[0][0]
	VPXORQ(none, none, none)
	emit(reduce(none, none))
}

// pointPower points power at the powers of as many blocks as left bytes fill, and some more blocks.
func pointPower(more int) {
	LEAQ(at(left, blockSize-1), power)
	ANDQ(I32(-blockSize), power)
	NEGQ(power)
	LEAQ(Mem{Base: key, Index: power, Scale: 1, Disp: powersEnd - more*blockSize}, power)
}

// maskLeft sets K1 to the bytes of the next vector that there are.
func maskLeft() {
	MOVQ(U32(vectorSize), bytes)
	CMPQ(left, bytes)
	CMOVQLT(left, bytes)
	MOVQ(I32(-1), scratch)
	BZHIQ(bytes, scratch, scratch)
	KMOVQ(scratch, K1)
}

func hash() {
	function("hash", "key "+schedule+", digest *[16]byte, src *byte, n int")
	Doc("hash adds n bytes, 1 to 512, to GHASH, the last block padded with zeros.")
	hashConstants()
	pointPower(0)
	clearSums()
	VMOVDQU(at(digest, 0), sum.AsX())

	Label("next")
	maskLeft()
	VMOVDQU8_Z(at(src, 0), K1, hashed)
	absorbVector()
	ADDQ(U8(vectorSize), src)
	SUBQ(U8(vectorSize), left)
	JGT(LabelRef("next"))

	reduceSums()
	emit(fold())
	VMOVDQU(sum.AsX(), at(digest, 0))
	leave()
}

// absorbVector adds hashed, in the order of memory, to the sums, and sum, once, to its first block.
func absorbVector() {
	VPSHUFB(reverse, hashed, hashed)
	VPXORQ(sum, hashed, hashed)
	VPXORQ(sum, sum, sum)
	VMOVDQU64(at(power, 0), factor)
	accumulate()
	ADDQ(U8(vectorSize), power)
}
