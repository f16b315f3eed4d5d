package counted

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
)

// sizes are those of records: an alert or a word, a page's head, the most that one record holds.
var sizes = []struct {
	words string
	bytes int
}{{"64 B", 64}, {"1 kB", 1 << 10}, {"16 kB", 16 << 10}}

// byVAES ends the names of what the lab brings itself.
const byVAES = " by VAES"

// primitives are the operations of handshakes and records that have assembly in some build on some machine.
func primitives() []primitive {
	return slices.Concat(records(), hashes(), exchanges(), signatures())
}

func records() (all []primitive) {
	for _, kind := range []struct {
		name, by string
		make     func(size int) preparation
	}{
		{"aes-128-gcm", "", seal(16, newAESGCM)},
		{"aes-128-gcm", byVAES, seal(16, newVAESGCM)},
		{"aes-256-gcm", "", seal(32, newAESGCM)},
		{"chacha20-poly1305", "", seal(32, newChaCha20Poly1305)},
	} {
		for _, size := range sizes {
			all = append(all, primitive{name: kind.name + " " + size.words + kind.by, bytes: size.bytes, make: kind.make(size.bytes)})
		}
	}
	return all
}

func hashes() []primitive {
	return []primitive{
		{name: "sha-256 1 kB", bytes: 1 << 10, make: sum(sha256.New, 1<<10)},
		{name: "sha-256 8 kB", bytes: 8 << 10, make: sum(sha256.New, 8<<10)},
		{name: "sha-384 1 kB", bytes: 1 << 10, make: sum(sha512.New384, 1<<10)},
		{name: "sha-384 8 kB", bytes: 8 << 10, make: sum(sha512.New384, 8<<10)},
		{name: "hkdf-sha-256", make: deriveKey(sha256.New)},
		{name: "hkdf-sha-384", make: deriveKey(sha512.New384)},
	}
}

func exchanges() []primitive {
	return []primitive{
		{name: "x25519", make: agree(ecdh.X25519())},
		{name: "x25519 keygen", make: generate(ecdh.X25519())},
		{name: "ecdh-p256", make: agree(ecdh.P256())},
		{name: "ecdh-p256 keygen", make: generate(ecdh.P256())},
		{name: "ecdh-p384", make: agree(ecdh.P384())},
		{name: "ecdh-p384 keygen", make: generate(ecdh.P384())},
		{name: "ml-kem-768 keygen", make: generateMLKEM},
		{name: "ml-kem-768 encapsulate", make: encapsulate},
		{name: "ml-kem-768 decapsulate", make: decapsulate},
	}
}

func signatures() []primitive {
	return []primitive{
		{name: "ecdsa-p256 sign", make: signP256},
		{name: "ecdsa-p256 verify", make: verifyECDSA(elliptic.P256())},
		{name: "ecdsa-p384 sign", make: signP384},
		{name: "ecdsa-p384 sign, 8 at once", atOnce: 8, make: signP384AtOnce(8)},
		{name: "ecdsa-p384 verify", make: verifyECDSA(elliptic.P384())},
		{name: "ed25519 sign", make: signEd25519},
		{name: "ed25519 verify", make: verifyEd25519},
		{name: "rsa-pss-2048 sign", make: signRSA},
		{name: "rsa-pss-2048 verify", make: verifyRSA},
	}
}
