package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func choice() {
	TEXT("chooseAVX2", NOSPLIT, "func(z *[12]uint64, window *[384]uint64, index uint64)")
	Doc("chooseAVX2 sets z to an entry of the window and reads all of them.")
	Pragma("noescape")
	window, left := RSI, RCX
	Load(Param("window"), window)
	VPBROADCASTQ(NewParamAddr("index", 16), Y3)
	VPXOR(Y4, Y4, Y4)
	VPCMPEQQ(Y5, Y5, Y5) // -1
	for _, sum := range []VecPhysical{Y0, Y1, Y2} {
		VPXOR(sum, sum, sum)
	}
	MOVQ(U32(32), left)
	Label("entry")
	VPCMPEQQ(Y3, Y4, Y6)
	VPSUBQ(Y5, Y4, Y4)
	for i, sum := range []VecPhysical{Y0, Y1, Y2} {
		VPAND(Mem{Base: window, Disp: 32 * i}, Y6, Y7)
		VPOR(Y7, sum, sum)
	}
	ADDQ(Imm(96), window)
	DECQ(left)
	JNZ(LabelRef("entry"))
	Load(Param("z"), RDI)
	for i, sum := range []VecPhysical{Y0, Y1, Y2} {
		VMOVDQU(sum, Mem{Base: RDI, Disp: 32 * i})
	}
	VZEROALL()
	RET()
}
