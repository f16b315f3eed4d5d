//go:build amd64 && !purego

package ifma8

import (
	"errors"

	"golang.org/x/sys/cpu"
)

// Available says why the path cannot run here, or nothing. GODEBUG=cpu.avx512ifma=off and the like are honoured.
func Available() error {
	for _, need := range []struct {
		have bool
		name string
	}{
		{cpu.X86.HasAVX512F, "AVX512F"},
		{cpu.X86.HasAVX512DQ, "AVX512DQ"},
		{cpu.X86.HasAVX512IFMA, "AVX512IFMA"},
		{cpu.X86.HasAVX512VBMI2, "AVX512VBMI2"},
	} {
		if !need.have {
			return errors.New("no " + need.name + ": run on a CPU that has it, with GODEBUG not turning it off")
		}
	}
	return nil
}
