package sites

import (
	"encoding/hex"
	"testing"
)

func TestDecode(t *testing.T) {
	const at = 0x1000
	for _, test := range []struct {
		arch     string
		code     string
		emulated string
		flow     flow
		target   uint64
		argument bool
	}{
		{"amd64", "493b6610", "", next, 0, false},               // CMPQ SP, 16(R14)
		{"amd64", "0f8660020000", "jcc", branch, 0x1266, false}, // JBE
		{"amd64", "7406", "jcc", branch, 0x1008, false},         // JE
		{"amd64", "55", "push", next, 0, false},                 // PUSHQ BP
		{"amd64", "4154", "push", next, 0, false},               // PUSHQ R12
		{"amd64", "e8fbffffff", "call", call, 0x1000, false},
		{"amd64", "ffd1", "", call, 0, true}, // CALL CX
		{"amd64", "ebfe", "jmp", jump, 0x1000, false},
		{"amd64", "ffe0", "", leave, 0, true},  // JMP AX
		{"amd64", "90", "nop", next, 0, false}, // XCHGL AX, AX
		{"amd64", "0f1f440000", "", next, 0, false},
		{"amd64", "c3", "", leave, 0, true},
		{"amd64", "4889442408", "", next, 0, false}, // MOVQ AX, 8(SP)
		{"amd64", "31c0", "", next, 0, true},        // XORL AX, AX
		{"amd64", "48890d00000000", "", next, 0, false},
		{"arm64", "900b40f9", "", next, 0, false},              // MOVD 16(R28), R16
		{"arm64", "69130054", "b.cond", branch, 0x126c, false}, // BLS
		{"arm64", "e00300b4", "cbz", branch, 0x107c, false},    // CBZ R0
		{"arm64", "23100037", "tbnz", branch, 0x1204, false},   // TBNZ $0, R3
		{"arm64", "01000014", "b", jump, 0x1004, false},        //
		{"arm64", "e0f5ff97", "bl", call, 0xffffffffffffe780, false},
		{"arm64", "c0035fd6", "ret", leave, 0, false},
		{"arm64", "e00f00f9", "", next, 0, false},     // MOVD R0, 24(RSP)
		{"arm64", "e01340f9", "", next, 0, true},      // MOVD 32(RSP), R0
		{"arm64", "e0030091", "", next, 0, true},      // MOVD RSP, R0
		{"arm64", "1f2003d5", "", next, 0, false},     // NOOP: not every kernel emulates it
		{"arm64", "00000000", "", next, 0, true},      // nothing
		{"arm64", "bb1d00f0", "adrp", next, 0, false}, // ADRP R27
	} {
		text, err := hex.DecodeString(test.code)
		if err != nil {
			t.Fatal(err)
		}
		decode := map[string]func([]byte, uint64) []instruction{"amd64": decodeAMD64, "arm64": decodeARM64}[test.arch]
		body := decode(text, at)
		if len(body) != 1 {
			t.Errorf("%s %s: got %d instructions", test.arch, test.code, len(body))
			continue
		}
		got := body[0]
		want := instruction{at, test.emulated, test.flow, test.target, test.argument}
		if got.flow == next {
			got.target = 0 // the address that ADRP computes leads nowhere
		}
		if got != want {
			t.Errorf("%s %s: got %+v\nwant %+v", test.arch, test.code, got, want)
		}
	}
}

func TestEntry(t *testing.T) {
	check := instruction{address: 1, emulated: "jcc", flow: branch, target: 8}
	grow := []instruction{{address: 8, emulated: "call", flow: call, target: 99}, {address: 9, emulated: "jmp", flow: jump, target: 0}}
	push := instruction{address: 2, emulated: "push"}
	plain := func(address uint64) instruction { return instruction{address: address} }
	writes := func(address uint64) instruction { return instruction{address: address, argument: true} }
	for _, test := range []struct {
		name string
		entry
		body []instruction
		want uint64
	}{
		{"behind the check", entry{}, append([]instruction{plain(0), check, push}, grow...), 2},
		{"behind the check on the system stack too", entry{system: true}, append([]instruction{plain(0), check, push}, grow...), 2},
		{
			"the check, when nothing is behind it", entry{system: true},
			append([]instruction{plain(0), check, plain(2), {address: 3, flow: leave}}, grow...), 1,
		},
		{
			"not the check of a stack that grows", entry{},
			append([]instruction{plain(0), check, plain(2), {address: 3, flow: leave}}, grow...), 0,
		},
		{
			"the check, when the argument is lost behind it", entry{system: true, argument: true},
			append([]instruction{plain(0), check, writes(2), {address: 3, emulated: "call", flow: call}}, grow...), 1,
		},
		{
			"a branch to a panic is no check", entry{},
			append([]instruction{plain(0), {address: 1, emulated: "jcc", flow: branch, target: 7}, push, {address: 7, flow: call}}, grow...), 1,
		},
		{"nothing behind a branch", entry{}, []instruction{plain(0), {address: 1, flow: branch, target: 3}, push}, 0},
		{
			"not in a loop", entry{},
			[]instruction{plain(0), plain(1), push, {address: 3, flow: branch, target: 1}, {address: 4, flow: leave}}, 0,
		},
		{
			"behind a loop's end no more", entry{},
			[]instruction{plain(0), push, {address: 3, emulated: "jcc", flow: branch, target: 1}, {address: 4, emulated: "nop"}}, 0,
		},
		{"before the argument is lost", entry{argument: true}, []instruction{plain(0), push, writes(3)}, 2},
		{"not after it is lost", entry{argument: true}, []instruction{writes(0), push}, 0},
	} {
		if got := test.entry.in(test.body); got.address != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got.address, test.want)
		}
	}
}
