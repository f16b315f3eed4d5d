package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The numbers of a point, see type point in the package.
const (
	atX = iota
	atY
	atZZ
	atZZZ
	atColumnsX
	atColumnsY
	atZ
	atP
	atR
	atSquareP
	atCubeP
	atPart
	atD
	atY2 // the last
)

const (
	width   = 7
	entries = 1 << (width - 1)

	windowBytes = 12 * 8 * entries
)

// digit is what a window of eight scalars says: which entry of the table, and in K3 whether to negate it.
type digit struct{ index vector }

// readDigit takes a digit of width bits v of each scalar: it stands for 2v+1-2^width, whose absolute value is the odd
// number 2·index+1. The sign is changed where the parameter flip has a bit.
func readDigit() digit {
	words, shift := Load(Param("scalar"), GP64()), Load(Param("shift"), GP64())
	count, upper, v := take(), take(), take()
	VPBROADCASTQ(shift, count)
	VMOVDQU64(Mem{Base: words}, v)
	VMOVDQU64(Mem{Base: words, Disp: 64}, upper)
	VPSHRDVQ(count, upper, v)
	give(count, upper)
	VPTESTNMQ_BCST(constant(1<<(width-1)), v, reg.K3)
	VPXORQ_BCST(constant(entries-1), v, reg.K3, v)
	for i := 4; i < width-1; i++ {
		VPTESTMQ_BCST(constant(1<<i), v, bit(i))
	}
	flip := Load(Param("flip"), GP64())
	KMOVB(flip.(reg.GP).As32(), reg.K4)
	KXORB(reg.K4, reg.K3, reg.K3)
	return digit{v}
}

// bit is the mask of lanes with bit i of the index set.
func bit(i int) reg.OpmaskPhysical { return []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K5}[i-4] }

// word looks up a word of the table in each lane: VPERMT2Q picks one of sixteen entries, masks pick among the results.
// Every entry is read.
func (d digit) word(m Mem) vector {
	var found []vector
	for i := 0; i < entries; i += 16 {
		r := load(m.Offset(8 * i))
		VPERMT2Q(m.Offset(8*i+64), d.index, r)
		found = append(found, r)
	}
	for i := 4; len(found) > 1; i++ {
		for j := range len(found) / 2 {
			VPBLENDMQ(found[2*j+1], found[2*j], bit(i), found[2*j])
			give(found[2*j+1])
			found[j] = found[2*j]
		}
		found = found[:len(found)/2]
	}
	return found[0]
}

// number looks up six words of 64 bits and cuts them into eight limbs, with other bits above the lowest 52.
func (d digit) number(m Mem) (a limbs) {
	var words [6]vector
	for i := range words {
		words[i] = d.word(m.Offset(8 * entries * i))
	}
	a[0] = words[0]
	for i := 1; i < 8; i++ {
		w, shift := 52*i/64, uint64(52*i%64)
		a[i] = take()
		if w < 5 {
			VPSHRDQ(Imm(shift), words[w+1], words[w], a[i])
		} else {
			VPSRLQ(Imm(shift), words[w], a[i])
		}
	}
	give(words[1:]...)
	return a
}

func start() {
	function("startP", "func(sum *[14][8][8]uint64, window *[12][64]uint64, scalar *[8]uint64, shift, flip uint64)",
		"startP sets sum to the window's point for the digit at shift, not negated.")
	sum, window := Load(Param("sum"), GP64()), Mem{Base: Load(Param("window"), GP64())}
	d := readDigit()
	for i, at := range []int{atX, atY} {
		a := d.number(window.Offset(6 * 8 * entries * i))
		a.clean()
		slot(sum, at).store(a)
		slot(sum, at+atColumnsX).store(a)
		give(a[:]...)
	}
	finish()
}
