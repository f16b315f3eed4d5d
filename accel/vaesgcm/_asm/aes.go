package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A direction says which side of the encryption is hashed.
type direction int

const (
	seals direction = iota
	opens
)

func (d direction) verb() string {
	if d == seals {
		return "encrypts"
	}
	return "decrypts"
}

const fewestRounds = 10 // of AES-128; AES-256 has 14, the only other number here

func loadRoundKey(i int) { VBROADCASTI32X4(at(key, i*blockSize), roundKey) }

// loadLastRoundKey needs the number of rounds.
func loadLastRoundKey() {
	MOVQ(rounds, scratch)
	SHLQ(U8(4), scratch)
	VBROADCASTI32X4(Mem{Base: key, Index: scratch, Scale: 1}, roundKey)
}

// encryptOne encrypts the one block of x.
func encryptOne(x VecPhysical, label string) {
	VPXOR(at(key, 0), x, x)
	middleRounds(label, func(i int) { VAESENC(at(key, i*blockSize), x, x) })
	MOVQ(rounds, scratch)
	SHLQ(U8(4), scratch)
	VAESENCLAST(Mem{Base: key, Index: scratch, Scale: 1}, x, x)
}

// middleRounds emits all rounds but the last.
func middleRounds(label string, round func(int)) {
	for i := 1; i < fewestRounds; i++ {
		round(i)
	}
	CMPQ(rounds, U8(fewestRounds))
	JE(LabelRef(label))
	for i := fewestRounds; i < fewestRounds+4; i++ {
		round(i)
	}
	Label(label)
}

func counterConstants() {
	loadNonce(text)
	VPSHUFB(reverse, text, text)
	VPINSRD(U8(0), counter.As32(), text.AsX(), text.AsX())
	VSHUFI32X4(U8(0), text, text, counters)
	VPADDD(lanes, counters, counters)
	VBROADCASTI32X4(step, four)
}

// loadNonce sets z to a counter block with a counter of 0.
func loadNonce(z VecPhysical) {
	VMOVQ(at(nonce, 0), z.AsX())
	VPINSRD(U8(2), at(nonce, 8), z.AsX(), z.AsX())
}

// nextCounters sets z to the next 4 counter blocks.
func nextCounters(z VecPhysical) {
	VPSHUFB(reverse, counters, z)
	VPADDD(four, counters, counters)
}

func emit(instructions []func()) {
	for _, f := range instructions {
		f()
	}
}

// weave emits two streams of instructions, each in its order, spread evenly over one another, so that the units for
// AES and those for products work at the same time.
func weave(a, b []func()) {
	if len(a) < len(b) {
		a, b = b, a
	}
	done := 0
	for i, f := range a {
		f()
		for ; done < (i+1)*len(b)/len(a); done++ {
			b[done]()
		}
	}
}
