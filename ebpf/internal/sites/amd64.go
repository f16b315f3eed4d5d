package sites

import "golang.org/x/arch/x86/x86asm"

// decodeAMD64 reads instructions until it meets one that it does not know.
func decodeAMD64(text []byte, address uint64) (body []instruction) {
	for len(text) > 0 {
		in, err := x86asm.Decode(text, 64)
		if err != nil || in.Len <= 0 || in.Len > len(text) {
			break
		}
		at := instruction{address: address, emulated: emulatedAMD64(text[:in.Len]), argument: writesAX(in)}
		if to, ok := in.Args[0].(x86asm.Rel); ok {
			at.target = address + uint64(in.Len) + uint64(int64(to))
		}
		at.flow = flowAMD64(in, at.target != 0)
		body = append(body, at)
		text, address = text[in.Len:], address+uint64(in.Len)
	}
	return body
}

// emulatedAMD64 names an instruction by its bytes, as the kernel does: forms with prefixes are left out, because it
// refuses some of them.
func emulatedAMD64(b []byte) string {
	switch op := b[0]; {
	case op&^7 == 0x50, op == 0x41 && len(b) == 2 && b[1]&^7 == 0x50:
		return "push"
	case op == 0xe8:
		return "call"
	case op == 0xe9, op == 0xeb:
		return "jmp"
	case op == 0x90:
		return "nop"
	case op&^15 == 0x70, op == 0x0f && len(b) == 6 && b[1]&^15 == 0x80:
		return "jcc"
	}
	return ""
}

func flowAMD64(in x86asm.Inst, relative bool) flow {
	switch in.Op {
	case x86asm.CALL:
		return call
	case x86asm.RET, x86asm.UD2, x86asm.INT, x86asm.HLT:
		return leave
	case x86asm.JMP:
		if relative {
			return jump
		}
		return leave
	}
	if relative {
		return branch
	}
	return next
}

// writesAX says yes wherever it is not sure: only instructions that write no more than their first operand, or
// nothing, are looked at.
func writesAX(in x86asm.Inst) bool {
	switch in.Op {
	case x86asm.CMP, x86asm.TEST, x86asm.PUSH, x86asm.NOP:
		return false
	case x86asm.MOV, x86asm.LEA, x86asm.ADD, x86asm.SUB, x86asm.AND, x86asm.OR, x86asm.XOR, x86asm.MOVZX:
		switch in.Args[0] {
		case x86asm.RAX, x86asm.EAX, x86asm.AX, x86asm.AL, x86asm.AH:
			return true
		}
		return false
	}
	_, relative := in.Args[0].(x86asm.Rel)
	return !relative
}
