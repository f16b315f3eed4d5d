package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// chunks emits the loop over n chunks of 512 bytes, n > 0. Opening hashes the chunk that it decrypts. Sealing hashes
// what it has encrypted one pass before, so its first chunk is not hashed while it is encrypted and its last is hashed
// alone.
func chunks(name string, d direction) {
	function(name, arguments)
	Doc(name + " " + d.verb() +
		" n chunks of 512 bytes, n > 0, and adds the ciphertext to GHASH.")
	hashConstants()
	counterConstants()
	VMOVDQU(at(digest, 0), sum.AsX())

	if d == seals {
		encryptChunk("first", nil)
		DECQ(left)
		JZ(LabelRef("hashlast"))
	}
	Label("next")
	ciphertext := at(src, 0)
	if d == seals {
		ciphertext = at(dst, -chunkSize)
	}
	encryptChunk("rounds", hashChunk(ciphertext))
	DECQ(left)
	JNZ(LabelRef("next"))
	if d == seals {
		Label("hashlast")
		emit(hashChunk(at(dst, -chunkSize)))
	}

	VMOVDQU(sum.AsX(), at(digest, 0))
	leave()
}

// encryptChunk emits the encryption of a chunk from src to dst, woven with other instructions, and moves both on.
func encryptChunk(label string, others []func()) {
	loadRoundKey(0)
	for i := range chunkVectors {
		nextCounters(vector(i))
		VPXORQ(roundKey, vector(i), vector(i))
	}
	var before, after []func()
	for r := 1; r < fewestRounds; r++ {
		before = append(before, chunkRound(r)...)
	}
	for r := fewestRounds; r < fewestRounds+4; r++ {
		after = append(after, chunkRound(r)...)
	}
	weave(before, others)
	CMPQ(rounds, U8(fewestRounds))
	JE(LabelRef(label))
	emit(after)
	Label(label)

	loadLastRoundKey()
	for i := range chunkVectors {
		VPXORQ(at(src, i*vectorSize), roundKey, text)
		VAESENCLAST(text, vector(i), vector(i))
		VMOVDQU64(vector(i), at(dst, i*vectorSize))
	}
	ADDQ(U32(chunkSize), src)
	ADDQ(U32(chunkSize), dst)
}

func chunkRound(r int) []func() {
	round := []func(){func() { loadRoundKey(r) }}
	for i := range chunkVectors {
		round = append(round, func() { VAESENC(roundKey, vector(i), vector(i)) })
	}
	return round
}

// hashChunk returns the instructions that add a chunk to GHASH.
func hashChunk(from Mem) (instructions []func()) {
	for i := range chunkVectors {
		instructions = append(instructions, hashVector(i, from.Offset(i*vectorSize))...)
	}
	last := products[(chunkVectors-1)%2]
	instructions = append(instructions, reduce(last[0], last[1])...)
	return append(instructions, fold()...)
}

// hashVector returns the instructions for vector i of a chunk. The first begins the sums. Of the others, every second
// adds its own products and those of the one before it; those of the last are left to reduce.
func hashVector(i int, from Mem) []func() {
	p, q := products[i%2], products[1-i%2]
	if i == 0 {
		p = [2]VecPhysical{low, high}
	}
	load := []func(){
		func() { VMOVDQU64(from, hashed) },
		func() { VMOVDQU64(at(key, powersEnd-(chunkVectors-i)*vectorSize), factor) },
		func() { VPSHUFB(reverse, hashed, hashed) },
	}
	multiply := []func(){
		func() { VPCLMULQDQ(U8(0x01), factor, hashed, crossed[0]) },
		func() { VPCLMULQDQ(U8(0x10), factor, hashed, crossed[1]) },
		func() { VPCLMULQDQ(U8(0x00), factor, hashed, p[0]) },
		func() { VPCLMULQDQ(U8(0x11), factor, hashed, p[1]) },
	}
	if i == 0 {
		load = append(load, func() { VPXORQ(sum, hashed, hashed) })
		multiply = append(multiply, func() { VPXORQ(crossed[0], crossed[1], middle) })
	} else {
		multiply = append(multiply, func() { VPTERNLOGQ(U8(xor3), crossed[0], crossed[1], middle) })
	}
	if i > 0 && i%2 == 0 {
		multiply = append(multiply,
			func() { VPTERNLOGQ(U8(xor3), p[0], q[0], low) },
			func() { VPTERNLOGQ(U8(xor3), p[1], q[1], high) })
	}
	return append(load, multiply...)
}
