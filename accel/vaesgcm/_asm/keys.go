package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func expand128() {
	function("expand128", "key "+schedule+", src *[16]byte")
	Doc("expand128 writes the 11 round keys of AES-128.")
	VMOVDQU(at(src, 0), X0)
	VMOVDQU(X0, at(key, 0))
	for i, rcon := range []U8{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36} {
		nextRoundKey(X0, X0, rcon, 0xff)
		VMOVDQU(X0, at(key, (i+1)*blockSize))
	}
	leave()
}

func expand256() {
	function("expand256", "key "+schedule+", src *[32]byte")
	Doc("expand256 writes the 15 round keys of AES-256.")
	VMOVDQU(at(src, 0), X0)
	VMOVDQU(at(src, blockSize), X1)
	VMOVDQU(X0, at(key, 0))
	VMOVDQU(X1, at(key, blockSize))
	for i, rcon := range []U8{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40} {
		nextRoundKey(X0, X1, rcon, 0xff)
		VMOVDQU(X0, at(key, (2*i+2)*blockSize))
		if rcon == 0x40 {
			break
		}
		nextRoundKey(X1, X0, 0, 0xaa)
		VMOVDQU(X1, at(key, (2*i+3)*blockSize))
	}
	leave()
}

// nextRoundKey turns x into the round key that follows: each word plus all words before it, plus the word of last
// that the substitution makes at the place that word names.
func nextRoundKey(x, last VecPhysical, rcon, word U8) {
	substituted, shifted := X2, X3
	VAESKEYGENASSIST(rcon, last, substituted)
	VPSHUFD(word, substituted, substituted)
	VPSLLDQ(U8(4), x, shifted)
	VPXOR(shifted, x, x)
	VPSLLDQ(U8(8), x, shifted)
	VPXOR(shifted, x, x)
	VPXOR(substituted, x, x)
}

func powers() {
	function("powers", "key "+schedule+", rounds int")
	Doc("powers writes the powers of the hash key that the round keys give.")
	hashConstants()
	first, h := X0, X1 // of Z1, the factor of every step
	VPXOR(first, first, first)
	encryptOne(first, "hashkey")
	VPSHUFB(reverse.AsX(), first, first)
	timesY(first, h)

	VMOVDQU(h, at(key, powersEnd-blockSize))
	VMOVDQA(h, sum.AsX())
	for i := 2; i <= 4; i++ {
		times(Z1)
		VMOVDQU(sum.AsX(), at(key, powersEnd-i*blockSize))
	}
	VMOVDQU64(at(key, powersEnd-vectorSize), sum)
	VBROADCASTI32X4(at(key, powersEnd-vectorSize), Z1)
	for i := 2; i <= powerVectors; i++ {
		times(Z1)
		VMOVDQU64(sum, at(key, powersEnd-i*vectorSize))
	}
	leave()
}

// timesY sets to to from times y: a shift, and Q where a bit falls out at the top.
func timesY(from, to VecPhysical) {
	bits, overflow := X2, X3
	VPSRLQ(U8(63), from, bits)
	VPSLLDQ(U8(8), bits, bits)
	VPADDQ(from, from, to)
	VPOR(bits, to, to)
	VPSHUFD(U8(0xff), from, overflow)
	VPSRAD(U8(31), overflow, overflow)
	VPAND(carry, overflow, overflow)
	VPXOR(overflow, to, to)
}

// times multiplies sum by z, in each quarter.
func times(z VecPhysical) {
	clearSums()
	VMOVDQA64(sum, hashed)
	VMOVDQA64(z, factor)
	accumulate()
	reduceSums()
}
