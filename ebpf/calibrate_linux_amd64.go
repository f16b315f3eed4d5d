package ebpf

import "bytes"

// emulated finds an instruction that the kernel emulates: PUSH BP.
func emulated(code []byte) (at int, found bool) {
	at = bytes.IndexByte(code, 0x55)
	return at, at >= 0
}
