package accel_test

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/accel"
)

// A scenario that switches AVX2 off needs a build that does not take it for granted.
func ExampleKnownOptions() {
	for _, level := range []string{"v2", "v3"} {
		fmt.Println(level, slices.Contains(accel.KnownOptions("amd64", level), "cpu.avx2"))
	}
	// Output:
	// v2 true
	// v3 false
}

// Without the carry-less multiplication AES-GCM is Go's, and crypto/tls turns to ChaCha20-Poly1305.
func ExamplePaths() {
	features := []string{"adx", "aes", "avx", "avx2", "bmi2", "pclmulqdq", "sha_ni", "sse4_1", "ssse3"}
	build := accel.Build{GOOS: "linux", GOARCH: "amd64", GODEBUG: "cpu.pclmulqdq=off"}
	for _, p := range accel.Paths(features, build) {
		if p.Primitive == accel.AESGCM || p.Primitive == accel.SHA256 {
			fmt.Printf("%s: %s, %s (%s)\n", p.Primitive, p.Expected, p.Code, p.Why)
		}
	}
	for _, c := range accel.Choose(features, build)[:1] {
		fmt.Printf("%s: %s\n", c.Subject, c.Pick)
	}
	// Output:
	// aes-gcm: portable, AES-NI block by block, GHASH in Go (GODEBUG cpu.pclmulqdq=off)
	// sha-256: assembly, SHA-NI (this CPU has avx, sha_ni, sse4_1, ssse3)
	// suite: TLS_CHACHA20_POLY1305_SHA256
}
