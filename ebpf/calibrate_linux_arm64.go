package ebpf

// emulated finds an instruction that the kernel emulates: the B.cond of the stack check.
func emulated(code []byte) (at int, found bool) {
	for at = 0; at+4 <= len(code); at += 4 {
		if code[at+3] == 0x54 {
			return at, true
		}
	}
	return 0, false
}
