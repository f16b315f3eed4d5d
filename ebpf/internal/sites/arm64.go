package sites

import (
	"encoding/binary"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
)

// decodeARM64 reads every word; one that it does not know neither branches nor can be emulated.
func decodeARM64(text []byte, address uint64) (body []instruction) {
	for ; len(text) >= 4; text, address = text[4:], address+4 {
		at := instruction{address: address, argument: true}
		if word := binary.LittleEndian.Uint32(text); word != 0 {
			if in, err := arm64asm.Decode(text[:4]); err == nil {
				at = instructionARM64(in, address)
			}
		}
		body = append(body, at)
	}
	return body
}

func instructionARM64(in arm64asm.Inst, address uint64) instruction {
	at := instruction{address: address, argument: writesR0(in)}
	for _, arg := range in.Args {
		if to, ok := arg.(arm64asm.PCRel); ok {
			at.target = address + uint64(int64(to))
		}
	}
	switch in.Op {
	case arm64asm.B:
		at.flow, at.emulated = jump, "b"
		if _, conditional := in.Args[0].(arm64asm.Cond); conditional {
			at.flow, at.emulated = branch, "b.cond"
		}
	case arm64asm.CBZ, arm64asm.CBNZ, arm64asm.TBZ, arm64asm.TBNZ:
		at.flow, at.emulated = branch, strings.ToLower(in.Op.String())
	case arm64asm.BL, arm64asm.BLR:
		at.flow, at.emulated = call, strings.ToLower(in.Op.String())
	case arm64asm.BR, arm64asm.RET:
		at.flow, at.emulated = leave, strings.ToLower(in.Op.String())
	case arm64asm.BRK, arm64asm.HLT, arm64asm.ERET:
		at.flow = leave
	case arm64asm.ADR, arm64asm.ADRP:
		at.emulated = strings.ToLower(in.Op.String())
	}
	return at
}

// writesR0 says yes wherever it is not sure: a store or a comparison only reads its operands, anything else may write
// the first two.
func writesR0(in arm64asm.Inst) bool {
	op := in.Op.String()
	for _, reads := range []string{"ST", "CMP", "CBZ", "CBNZ", "TBZ", "TBNZ", "TST"} {
		if strings.HasPrefix(op, reads) {
			return false
		}
	}
	for _, arg := range in.Args[:2] {
		switch arg {
		case arm64asm.X0, arm64asm.W0, arm64asm.RegSP(arm64asm.X0), arm64asm.RegSP(arm64asm.W0):
			return true
		}
	}
	return false
}
