package accel

import (
	"cmp"
	"slices"
)

// arm64Options are those of Go 1.26's internal/cpu/cpu_arm64.go.
var arm64Options = []string{"aes", "atomics", "cpuid", "crc32", "isNeoverse", "pmull", "sha1", "sha2", "sha3", "sha512"}

// amd64Options are those of Go 1.26's internal/cpu/cpu_x86.go. A binary of a GOAMD64 level knows those whose level
// is above its own: at its own level and below, features are taken for granted and cannot be switched off.
var amd64Options = []struct {
	level int
	names []string
}{
	{2, []string{"popcnt", "sse3", "sse41", "sse42", "ssse3"}},
	{3, []string{"avx", "avx2", "bmi1", "bmi2", "fma"}},
	{4, []string{"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}},
	{5, []string{"adx", "aes", "erms", "fsrm", "pclmulqdq", "rdtscp", "sha", "vpclmulqdq"}}, // of no level
}

var levels = []string{"v1", "v2", "v3", "v4"}

// s390xOptions are those of Go 1.26's internal/cpu/cpu_s390x.go. None hides a feature that cryptography asks for.
var s390xOptions = []string{"dfp", "eimm", "etf3eh", "kdsa", "ldisp", "msa", "stfle", "vx", "vxe", "zarch"}

// KnownOptions lists the CPU options of GODEBUG, sorted, that a binary of Go 1.26 acts on: cpu.aes and so on, and
// cpu.all; each is set to on or off. goamd64 is v1 to v4, or empty for Go's default v1; it counts on amd64 only.
// The list is nil for an architecture other than amd64, arm64 and s390x, and for a level that there is not.
func KnownOptions(goarch, goamd64 string) []string {
	names := []string{"all"}
	switch goarch {
	case "arm64":
		names = append(names, arm64Options...)
	case "s390x":
		names = append(names, s390xOptions...)
	case "amd64":
		level := slices.Index(levels, cmp.Or(goamd64, "v1")) + 1
		if level == 0 {
			return nil
		}
		for _, o := range amd64Options {
			if o.level > level {
				names = append(names, o.names...)
			}
		}
	default:
		return nil
	}
	for i, name := range names {
		names[i] = "cpu." + name
	}
	slices.Sort(names)
	return names
}
