//go:build !purego

#include "textflag.h"

// R0 is the result's address, R1 to R6 are x, R7 to R14 the sum, R15 to R17 and R19 to R26 what a macro needs, but for
// the square, whose sum of twelve limbs is R7 to R14 and R19 to R22.

// MULTIPLE sets R16, R17, R19 to limbs 1 to 3 of m*d, m = R15 = low*(1 + 2^32): with m = high*2^32 + rest,
// m*d = m*2^128 + m*2^96 - m*2^32 + m is limb by limb m - rest, rest - high, high + m, and borrows and carries.
#define MULTIPLE(low) \
	ADD  low<<32, low, R15 \
	LSL  $32, R15, R16     \
	LSR  $32, R15, R17     \
	SUBS R16, R15, R19     \
	SBCS R17, R16, R16     \
	SBC  ZR, R17, R17      \
	ADDS R15, R17, R17     \
	ADC  ZR, ZR, R19

// ROW adds x*R25 to t and reduces it by a limb: t0 goes, t7 comes; between them m*p = m*2^384 - m*d is added.
#define ROW(t0, t1, t2, t3, t4, t5, t6, t7) \
	MUL   R1, R25, R15  \
	MUL   R2, R25, R16  \
	MUL   R3, R25, R17  \
	MUL   R4, R25, R19  \
	MUL   R5, R25, R20  \
	MUL   R6, R25, R21  \
	ADDS  R15, t0, t0   \
	ADCS  R16, t1, t1   \
	ADCS  R17, t2, t2   \
	ADCS  R19, t3, t3   \
	ADCS  R20, t4, t4   \
	ADCS  R21, t5, t5   \
	ADCS  ZR, t6, t6    \
	ADC   ZR, ZR, t7    \
	UMULH R1, R25, R15  \
	UMULH R2, R25, R16  \
	UMULH R3, R25, R17  \
	UMULH R4, R25, R19  \
	UMULH R5, R25, R20  \
	UMULH R6, R25, R21  \
	ADDS  R15, t1, t1   \
	ADCS  R16, t2, t2   \
	ADCS  R17, t3, t3   \
	ADCS  R19, t4, t4   \
	ADCS  R20, t5, t5   \
	ADCS  R21, t6, t6   \
	ADC   ZR, t7, t7    \
	MULTIPLE(t0)        \
	SUBS  R16, t1, t1   \
	SBCS  R17, t2, t2   \
	SBCS  R19, t3, t3   \
	SBCS  ZR, t4, t4    \
	SBCS  ZR, t5, t5    \
	SBC   ZR, R15, R15  \
	ADDS  R15, t6, t6   \
	ADC   ZR, t7, t7

// LOW reduces the lower half of a square by a limb: t0 becomes the highest.
#define LOW(t0, t1, t2, t3, t4, t5) \
	MULTIPLE(t0)       \
	SUBS R16, t1, t1   \
	SBCS R17, t2, t2   \
	SBCS R19, t3, t3   \
	SBCS ZR, t4, t4    \
	SBCS ZR, t5, t5    \
	SBC  ZR, R15, t0

// STORE takes p off t + over*2^384, below 2p, if it is p or more, and stores it at R0.
#define STORE(t0, t1, t2, t3, t4, t5, over) \
	MOVD $0xffffffff00000001, R15 \
	MOVD $0x00000000ffffffff, R16 \
	MOVD $1, R17                  \
	ADDS R15, t0, R1              \
	ADCS R16, t1, R2              \
	ADCS R17, t2, R3              \
	ADCS ZR, t3, R4               \
	ADCS ZR, t4, R5               \
	ADCS ZR, t5, R6               \
	ADCS ZR, over, over           \
	CSEL NE, R1, t0, t0           \
	CSEL NE, R2, t1, t1           \
	CSEL NE, R3, t2, t2           \
	CSEL NE, R4, t3, t3           \
	CSEL NE, R5, t4, t4           \
	CSEL NE, R6, t5, t5           \
	STP  (t0, t1), 0(R0)          \
	STP  (t2, t3), 16(R0)         \
	STP  (t4, t5), 32(R0)

// func mulARM64(z, x, y *[6]uint64)
TEXT ·mulARM64(SB), NOSPLIT, $0-24
	MOVD z+0(FP), R0
	MOVD x+8(FP), R26
	MOVD y+16(FP), R24
	LDP  0(R26), (R1, R2)
	LDP  16(R26), (R3, R4)
	LDP  32(R26), (R5, R6)
	MOVD ZR, R7
	MOVD ZR, R8
	MOVD ZR, R9
	MOVD ZR, R10
	MOVD ZR, R11
	MOVD ZR, R12
	MOVD ZR, R13
	MOVD 0(R24), R25
	ROW(R7, R8, R9, R10, R11, R12, R13, R14)
	MOVD 8(R24), R25
	ROW(R8, R9, R10, R11, R12, R13, R14, R7)
	MOVD 16(R24), R25
	ROW(R9, R10, R11, R12, R13, R14, R7, R8)
	MOVD 24(R24), R25
	ROW(R10, R11, R12, R13, R14, R7, R8, R9)
	MOVD 32(R24), R25
	ROW(R11, R12, R13, R14, R7, R8, R9, R10)
	MOVD 40(R24), R25
	ROW(R12, R13, R14, R7, R8, R9, R10, R11)
	STORE(R13, R14, R7, R8, R9, R10, R11)
	RET

// func sqrARM64(z, x *[6]uint64)
TEXT ·sqrARM64(SB), NOSPLIT, $0-16
	MOVD z+0(FP), R0
	MOVD x+8(FP), R26
	LDP  0(R26), (R1, R2)
	LDP  16(R26), (R3, R4)
	LDP  32(R26), (R5, R6)

	// x0 * x1...x5
	MUL   R1, R2, R8
	UMULH R1, R2, R9
	MUL   R1, R3, R15
	UMULH R1, R3, R10
	ADDS  R15, R9, R9
	MUL   R1, R4, R16
	UMULH R1, R4, R11
	ADCS  R16, R10, R10
	MUL   R1, R5, R15
	UMULH R1, R5, R12
	ADCS  R15, R11, R11
	MUL   R1, R6, R16
	UMULH R1, R6, R13
	ADCS  R16, R12, R12
	ADC   ZR, R13, R13

	// x1 * x2...x5
	MUL   R2, R3, R15
	MUL   R2, R4, R16
	MUL   R2, R5, R17
	MUL   R2, R6, R23
	ADDS  R15, R10, R10
	ADCS  R16, R11, R11
	ADCS  R17, R12, R12
	ADCS  R23, R13, R13
	ADC   ZR, ZR, R14
	UMULH R2, R3, R15
	UMULH R2, R4, R16
	UMULH R2, R5, R17
	UMULH R2, R6, R23
	ADDS  R15, R11, R11
	ADCS  R16, R12, R12
	ADCS  R17, R13, R13
	ADC   R23, R14, R14

	// x2 * x3...x5
	MUL   R3, R4, R15
	MUL   R3, R5, R16
	MUL   R3, R6, R17
	ADDS  R15, R12, R12
	ADCS  R16, R13, R13
	ADCS  R17, R14, R14
	ADC   ZR, ZR, R19
	UMULH R3, R4, R15
	UMULH R3, R5, R16
	UMULH R3, R6, R17
	ADDS  R15, R13, R13
	ADCS  R16, R14, R14
	ADC   R17, R19, R19

	// x3 * x4, x5
	MUL   R4, R5, R15
	MUL   R4, R6, R16
	ADDS  R15, R14, R14
	ADCS  R16, R19, R19
	ADC   ZR, ZR, R20
	UMULH R4, R5, R15
	UMULH R4, R6, R16
	ADDS  R15, R19, R19
	ADC   R16, R20, R20

	// x4 * x5
	MUL   R5, R6, R15
	UMULH R5, R6, R21
	ADDS  R15, R20, R20
	ADC   ZR, R21, R21

	// twice that
	ADDS R8, R8, R8
	ADCS R9, R9, R9
	ADCS R10, R10, R10
	ADCS R11, R11, R11
	ADCS R12, R12, R12
	ADCS R13, R13, R13
	ADCS R14, R14, R14
	ADCS R19, R19, R19
	ADCS R20, R20, R20
	ADCS R21, R21, R21
	ADC  ZR, ZR, R22

	// and the squares
	MUL   R1, R1, R7
	UMULH R1, R1, R15
	ADDS  R15, R8, R8
	MUL   R2, R2, R16
	UMULH R2, R2, R15
	ADCS  R16, R9, R9
	ADCS  R15, R10, R10
	MUL   R3, R3, R16
	UMULH R3, R3, R15
	ADCS  R16, R11, R11
	ADCS  R15, R12, R12
	MUL   R4, R4, R16
	UMULH R4, R4, R15
	ADCS  R16, R13, R13
	ADCS  R15, R14, R14
	MUL   R5, R5, R16
	UMULH R5, R5, R15
	ADCS  R16, R19, R19
	ADCS  R15, R20, R20
	MUL   R6, R6, R16
	UMULH R6, R6, R15
	ADCS  R16, R21, R21
	ADC   R15, R22, R22

	MOVD R19, R23
	LOW(R7, R8, R9, R10, R11, R12)
	LOW(R8, R9, R10, R11, R12, R7)
	LOW(R9, R10, R11, R12, R7, R8)
	LOW(R10, R11, R12, R7, R8, R9)
	LOW(R11, R12, R7, R8, R9, R10)
	LOW(R12, R7, R8, R9, R10, R11)
	ADDS R13, R7, R7
	ADCS R14, R8, R8
	ADCS R23, R9, R9
	ADCS R20, R10, R10
	ADCS R21, R11, R11
	ADCS R22, R12, R12
	ADC  ZR, ZR, R13
	STORE(R7, R8, R9, R10, R11, R12, R13)
	RET

// func chooseARM64(z *[12]uint64, window *[384]uint64, index uint64)
TEXT ·chooseARM64(SB), NOSPLIT, $0-24
	MOVD z+0(FP), R0
	MOVD window+8(FP), R1
	MOVD index+16(FP), R2
	MOVD $32, R3
	MOVD $1, R4
	VDUP R2, V20.D2
	VDUP R4, V21.D2
	VEOR V22.B16, V22.B16, V22.B16
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16

entry:
	VCMEQ  V20.D2, V22.D2, V23.D2
	VADD   V21.D2, V22.D2, V22.D2
	VLD1.P 64(R1), [V16.B16, V17.B16, V18.B16, V19.B16]
	VLD1.P 32(R1), [V6.B16, V7.B16]
	VAND   V23.B16, V16.B16, V16.B16
	VAND   V23.B16, V17.B16, V17.B16
	VAND   V23.B16, V18.B16, V18.B16
	VAND   V23.B16, V19.B16, V19.B16
	VAND   V23.B16, V6.B16, V6.B16
	VAND   V23.B16, V7.B16, V7.B16
	VORR   V16.B16, V0.B16, V0.B16
	VORR   V17.B16, V1.B16, V1.B16
	VORR   V18.B16, V2.B16, V2.B16
	VORR   V19.B16, V3.B16, V3.B16
	VORR   V6.B16, V4.B16, V4.B16
	VORR   V7.B16, V5.B16, V5.B16
	SUBS   $1, R3, R3
	BNE    entry
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	VST1   [V4.B16, V5.B16], (R0)
	VEOR   V0.B16, V0.B16, V0.B16
	VEOR   V1.B16, V1.B16, V1.B16
	VEOR   V2.B16, V2.B16, V2.B16
	VEOR   V3.B16, V3.B16, V3.B16
	VEOR   V4.B16, V4.B16, V4.B16
	VEOR   V5.B16, V5.B16, V5.B16
	VEOR   V6.B16, V6.B16, V6.B16
	VEOR   V7.B16, V7.B16, V7.B16
	VEOR   V16.B16, V16.B16, V16.B16
	VEOR   V17.B16, V17.B16, V17.B16
	VEOR   V18.B16, V18.B16, V18.B16
	VEOR   V19.B16, V19.B16, V19.B16
	VEOR   V20.B16, V20.B16, V20.B16
	RET
