// Package accel knows which CPU features Go's TLS primitives are written for: what a CPU offers ([Detect]), what a
// build and its environment leave of that ([Left]), which code each primitive therefore runs ([Paths]), which code a
// function of a CPU profile is ([Primitive.SeenAs]), and what a server should choose ([Choose]).
//
// # What there is to accelerate
//
// Of the NIST curves, crypto/tls runs assembly for P-256 only, and that asks for no CPU feature: switching all
// features off leaves it on. P-384 and P-521 are Go on amd64 and on arm64. BoringCrypto is no help: its P-384 is
// slower than Go's. The features matter to AES-GCM, to the hashes, to ChaCha20-Poly1305 and to RSA; Go uses neither VAES nor
// AVX-512 for any of them.
//
// # Expected and seen are two things
//
// [Paths] is reasoning: it repeats, for the features that a CPU has, the questions that the standard library asks
// when it starts. It can be wrong, where Go changes, where a build is not what it was thought to be, or where an
// option was spelt in a way that nobody reads. A CPU profile is evidence: its functions ran, and their names tell what
// they are. But it is silent on what took too little time, and one function can serve several primitives. So
// neither stands in for the other: a report shows both, and where they disagree, it warns.
//
// # Three views of one CPU
//
// The CPU and the operating system offer features: that is [CPU.Features]. A Go program sees fewer, because
// GODEBUG=cpu.NAME=off hides some of them, and it has two readers of that setting. internal/cpu decides for the
// standard library and cannot be asked. golang.org/x/sys/cpu decides for golang.org/x/crypto and is
// [CPU.GoFeatures]. They do not know the same names, and only internal/cpu forgets the names that the build's
// GOAMD64 level takes for granted ([Compiled]). [Left] reads GODEBUG as internal/cpu does.
//
// # Why options are checked before a run
//
// GODEBUG=cpu.avx2=off on a binary of GOAMD64=v3 changes nothing: the process prints
//
//	GODEBUG: unknown cpu feature "avx2"
//
// goes on, and exits with 0. An ablation that did nothing looks like an effect of nothing, so a scenario with an
// option that is not among [KnownOptions] is an error before anything is measured. The like-sounding
// "GODEBUG sys/cpu: unknown cpu feature" is harmless: it comes from the other reader.
package accel

import (
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

// CPU is the processor that the program runs on. Text is empty and numbers are 0 where the system does not tell.
type CPU struct {
	Vendor      string   `json:"vendor,omitempty"`
	Model       string   `json:"model,omitempty"` // brand name
	Family      int      `json:"family,omitempty"`
	ModelNumber int      `json:"model_number,omitempty"`
	Stepping    int      `json:"stepping,omitempty"`
	Level       int      `json:"goamd64_level,omitempty"` // highest GOAMD64 that it runs: 1 to 4; 0 if not amd64
	Hypervisor  string   `json:"hypervisor,omitempty"`
	Features    []string `json:"features"`    // that matter to cryptography, sorted; as CPU and operating system offer them
	GoFeatures  []string `json:"go_features"` // same words, sorted; as golang.org/x/sys/cpu sees them under GODEBUG
}

// Detect describes the processor. Features and GoFeatures use the words of Linux (/proc/cpuinfo: aes, pclmulqdq,
// sha_ni; on arm64 aes, pmull, sha2), and on s390x, where that says little, those of golang.org/x/sys/cpu, under GODEBUG
// both times. A word that is in one list only need not be hidden: golang.org/x/sys/cpu has none for sha_ni.
func Detect() CPU {
	c := &cpuid.CPU
	return CPU{
		Vendor:      c.VendorString,
		Model:       c.BrandName,
		Family:      c.Family,
		ModelNumber: c.Model,
		Stepping:    c.Stepping,
		Level:       c.X64Level(),
		Hypervisor:  c.HypervisorVendorString,
		Features:    offered(c.Has),
		GoFeatures:  seenByGo(),
	}
}

func offered(has func(cpuid.FeatureID) bool) []string {
	features := []string{}
	for _, f := range []struct {
		id   cpuid.FeatureID
		word string
	}{
		{cpuid.ADX, "adx"}, {cpuid.AESNI, "aes"}, {cpuid.AVX, "avx"}, {cpuid.AVX2, "avx2"},
		{cpuid.AVX512BW, "avx512bw"}, {cpuid.AVX512CD, "avx512cd"}, {cpuid.AVX512DQ, "avx512dq"},
		{cpuid.AVX512F, "avx512f"}, {cpuid.AVX512IFMA, "avx512ifma"}, {cpuid.AVX512VBMI, "avx512vbmi"},
		{cpuid.AVX512VBMI2, "avx512_vbmi2"}, {cpuid.AVX512VL, "avx512vl"}, {cpuid.AVXIFMA, "avx_ifma"},
		{cpuid.BMI1, "bmi1"}, {cpuid.BMI2, "bmi2"}, {cpuid.GFNI, "gfni"}, {cpuid.CLMUL, "pclmulqdq"},
		{cpuid.RDRAND, "rdrand"}, {cpuid.RDSEED, "rdseed"}, {cpuid.SHA, "sha_ni"}, {cpuid.SSE4, "sse4_1"},
		{cpuid.SSSE3, "ssse3"}, {cpuid.VAES, "vaes"}, {cpuid.VPCLMULQDQ, "vpclmulqdq"},

		{cpuid.AESARM, "aes"}, {cpuid.ASIMD, "asimd"}, {cpuid.ATOMICS, "atomics"}, {cpuid.PMULL, "pmull"},
		{cpuid.SHA1, "sha1"}, {cpuid.SHA2, "sha2"}, {cpuid.SHA3, "sha3"}, {cpuid.SHA512, "sha512"},
		{cpuid.SVE, "sve"}, {cpuid.SVE2, "sve2"},
	} {
		if has(f.id) && kept(f.word, has) {
			features = append(features, f.word)
		}
	}
	features = append(features, seenOnS390X()...)
	slices.Sort(features)
	return features
}

// kept says whether the operating system keeps the registers that a vector feature works on.
func kept(word string, has func(cpuid.FeatureID) bool) bool {
	switch {
	case strings.HasPrefix(word, "avx512"):
		return has(cpuid.AVX512F) // which cpuid has only where the ZMM state is kept
	case word == "vaes" || word == "vpclmulqdq":
		return has(cpuid.AVX) // likewise the YMM state
	}
	return true
}

func seenByGo() []string {
	features := []string{}
	for _, f := range []struct {
		has  bool
		word string
	}{
		{cpu.X86.HasADX, "adx"}, {cpu.X86.HasAES, "aes"}, {cpu.X86.HasAVX, "avx"}, {cpu.X86.HasAVX2, "avx2"},
		{cpu.X86.HasAVX512BW, "avx512bw"}, {cpu.X86.HasAVX512CD, "avx512cd"}, {cpu.X86.HasAVX512DQ, "avx512dq"},
		{cpu.X86.HasAVX512F, "avx512f"}, {cpu.X86.HasAVX512IFMA, "avx512ifma"},
		{cpu.X86.HasAVX512VBMI, "avx512vbmi"}, {cpu.X86.HasAVX512VBMI2, "avx512_vbmi2"},
		{cpu.X86.HasAVX512VL, "avx512vl"}, {cpu.X86.HasAVXIFMA, "avx_ifma"}, {cpu.X86.HasBMI1, "bmi1"},
		{cpu.X86.HasBMI2, "bmi2"}, {cpu.X86.HasPCLMULQDQ, "pclmulqdq"}, {cpu.X86.HasRDRAND, "rdrand"},
		{cpu.X86.HasRDSEED, "rdseed"}, {cpu.X86.HasSSE41, "sse4_1"}, {cpu.X86.HasSSSE3, "ssse3"},
		// of these three it sees the 512-bit forms only
		{cpu.X86.HasAVX512GFNI, "gfni"}, {cpu.X86.HasAVX512VAES, "vaes"},
		{cpu.X86.HasAVX512VPCLMULQDQ, "vpclmulqdq"},

		{cpu.ARM64.HasAES, "aes"}, {cpu.ARM64.HasASIMD, "asimd"}, {cpu.ARM64.HasATOMICS, "atomics"},
		{cpu.ARM64.HasPMULL, "pmull"}, {cpu.ARM64.HasSHA1, "sha1"}, {cpu.ARM64.HasSHA2, "sha2"},
		{cpu.ARM64.HasSHA3, "sha3"}, {cpu.ARM64.HasSHA512, "sha512"}, {cpu.ARM64.HasSVE, "sve"},
		{cpu.ARM64.HasSVE2, "sve2"},
	} {
		if f.has {
			features = append(features, f.word)
		}
	}
	features = append(features, seenOnS390X()...)
	slices.Sort(features)
	return features
}

func seenOnS390X() (features []string) {
	for _, f := range []struct {
		has  bool
		word string
	}{
		{cpu.S390X.HasAES, "aes"}, {cpu.S390X.HasAESCBC, "aescbc"}, {cpu.S390X.HasAESCTR, "aesctr"},
		{cpu.S390X.HasAESGCM, "aesgcm"}, {cpu.S390X.HasGHASH, "ghash"}, {cpu.S390X.HasMSA, "msa"},
		{cpu.S390X.HasSHA1, "sha1"}, {cpu.S390X.HasSHA256, "sha256"}, {cpu.S390X.HasSHA3, "sha3"},
		{cpu.S390X.HasSHA512, "sha512"}, {cpu.S390X.HasVX, "vx"}, {cpu.S390X.HasVXE, "vxe"},
	} {
		if f.has {
			features = append(features, f.word)
		}
	}
	return features
}
