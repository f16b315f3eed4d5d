package accel

import "maps"

// arm64Codes are those of files *_arm64.s and of the init functions beside them.
var arm64Codes = codes{
	AESGCM: {
		{kind: Assembly, name: "AES and PMULL", text: "AES and PMULL instructions", needs: []string{"aes", "pmull"}},
		{kind: Portable, name: "AES without PMULL", text: "AES instructions block by block, GHASH in Go",
			needs: []string{"aes"}, mixed: true},
		{kind: Portable, name: "Go", text: "Go: AES by tables, GHASH"},
	},
	ChaCha20Poly1305: {
		{kind: Assembly, name: "NEON", text: "ChaCha20 by NEON, Poly1305 in Go"},
		{kind: Portable, name: "Go"},
	},
	SHA256: {
		{kind: Assembly, name: "SHA2", text: "SHA2 instructions", needs: []string{"sha2"}},
		{kind: Portable, name: "Go"},
	},
	SHA384: {
		{kind: Assembly, name: "SHA512", text: "SHA512 instructions", needs: []string{"sha512"}},
		{kind: Portable, name: "Go"},
	},
	X25519:      {{kind: Portable, name: "Go"}},
	SignEd25519: {{kind: Portable, name: "Go"}},
	ECDHP256: {
		{kind: Assembly, name: "P-256 assembly", text: "field and point operations in assembly (MUL, UMULH)"},
		fiat[0],
	},
	ECDHP384: fiat,
	ECDHP521: fiat,
	MLKEM:    {{kind: Portable, name: "Go"}},
	SignRSA: {
		{kind: Assembly, name: "UMULH", text: "multiplication in assembly (MUL, UMULH), four words at a time"},
		{kind: Portable, name: "Go"},
	},
}.complete()

// arm64DarwinCodes differ in Keccak: crypto/internal/fips140/sha3 takes the SHA3 instructions on macOS only, because
// they are slower than Go elsewhere.
var arm64DarwinCodes = func() codes {
	c := maps.Clone(arm64Codes)
	c[MLKEM] = []code{
		{kind: Portable, name: "Go with SHA3", text: "Go, Keccak by SHA3 instructions", needs: []string{"sha3"}, mixed: true},
		{kind: Portable, name: "Go"},
	}
	return c
}()
