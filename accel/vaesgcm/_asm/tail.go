package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tail emits what ends every message: less than a chunk, vector by vector, and the tag. The passes of the loop depend
// on each other by cheap instructions only, so the processor runs several at a time.
func tail(name string, d direction) {
	function(name, arguments+", additional, total int")
	Doc(name + " " + d.verb() +
		" the last n bytes, 0 to 511, and turns the digest into the tag of a message with those lengths.")
	hashConstants()
	counterConstants()
	pointPower(1)
	clearSums()
	VMOVDQU(at(digest, 0), sum.AsX())
	encryptFirstCounter()

	TESTQ(left, left)
	JZ(LabelRef("lengths"))
	Label("next")
	maskLeft()
	VMOVDQU8_Z(at(src, 0), K1, text)
	encryptVector()
	if d == opens {
		VMOVDQA64(text, hashed)
	}
	VPXORQ(roundKey, text, text)
	VAESENCLAST(text, Z0, Z0)
	VMOVDQU8(Z0, K1, at(dst, 0))
	if d == seals {
		VMOVDQU8_Z(Z0, K1, hashed)
	}
	absorbVector()
	ADDQ(U8(vectorSize), src)
	ADDQ(U8(vectorSize), dst)
	SUBQ(U8(vectorSize), left)
	JGT(LabelRef("next"))

	Label("lengths")
	SHLQ(U8(3), total)
	SHLQ(U8(3), additional)
	VMOVQ(total, hashed.AsX())
	VPINSRQ(U8(1), additional, hashed.AsX(), hashed.AsX())
	VPXORQ(sum, hashed, hashed)
	VMOVDQU(at(key, powersEnd-blockSize), factor.AsX())
	accumulate()
	reduceSums()
	emit(fold())
	VPSHUFB(reverse, sum, sum)
	VPXORQ(Z1, sum, sum)
	VMOVDQU(sum.AsX(), at(digest, 0))
	leave()
}

// encryptFirstCounter sets Z1 to what covers the tag: the nonce and a counter of 1, encrypted.
func encryptFirstCounter() {
	x := X1
	loadNonce(Z1)
	MOVL(U32(1<<24), scratch.As32())
	VPINSRD(U8(3), scratch.As32(), x, x)
	encryptOne(x, "firstcounter")
}

// encryptVector sets Z0 to 4 counter blocks before their last round and roundKey to the last round's key.
func encryptVector() {
	nextCounters(Z0)
	loadRoundKey(0)
	VPXORQ(roundKey, Z0, Z0)
	middleRounds("rounds", func(i int) {
		loadRoundKey(i)
		VAESENC(roundKey, Z0, Z0)
	})
	loadLastRoundKey()
}
