package accel

import (
	"slices"
	"strings"
)

// primitives are all of them, in the order of [Paths].
var primitives = []Primitive{
	AESGCM, ChaCha20Poly1305, SHA256, SHA384, HKDF, X25519, ECDHP256, ECDHP384, ECDHP521, MLKEM, SignP256, VerifyP256,
	SignP384, VerifyP384, SignEd25519, VerifyEd25519, SignRSA, VerifyRSA,
}

// Paths says, for each primitive of a handshake, which code a build of Go 1.26 runs on a CPU with these features, in
// the words of [CPU.Features]. It is computed from what the standard library's init functions ask, and nothing is
// run: what ran is for a CPU profile to say (see [Primitive.SeenAs]). It is nil for an architecture other than amd64,
// arm64 and s390x; on s390x it says nothing of ECDSA.
func Paths(features []string, b Build) []Path {
	c := newChooser(features, b)
	if c.codes == nil {
		return nil
	}
	lab, signs := c.labPath()
	var paths []Path
	for _, p := range primitives {
		switch {
		case p == HKDF:
			paths = append(paths, c.hkdf())
		case p == SignP384 && signs:
			paths = append(paths, lab)
		case c.codes[p] != nil:
			paths = append(paths, c.stdPath(p))
		}
	}
	return paths
}

// stdPath is the path of what a signer of the lab does not do.
func (c chooser) stdPath(p Primitive) Path {
	if text := boringCodes[p]; text != "" && c.build.boring() {
		return c.boringPath(p, text)
	}
	taken, refused := c.first(c.codes[p])
	return Path{
		Primitive: p,
		Expected:  taken.kind,
		Code:      taken.String(),
		Why:       c.why(p, taken, refused),
		Uses:      taken.needs,
		Refused:   slices.Concat(c.labRefusedFor(p), refused),
		Unused:    c.unused(p, taken),
	}
}

func (c chooser) why(p Primitive, taken code, refused []Refusal) string {
	why := "Go has no assembly for it"
	switch {
	case len(refused) > 0:
		why = refused[len(refused)-1].Because
	case len(taken.needs) > 0:
		why = "this CPU has " + strings.Join(taken.needs, ", ")
	case taken.kind == Assembly:
		why = "it asks for no CPU feature"
	case taken.mixed:
		why = "Go has no assembly for the rest"
	}
	if c.build.FIPS && (p == ChaCha20Poly1305 || p == X25519) {
		why += "; " + fipsLeaves[p]
	}
	return why
}

// fipsLeaves is what crypto/tls's FIPS 140-3 policy leaves of a primitive.
var fipsLeaves = map[Primitive]string{
	ChaCha20Poly1305: "FIPS 140-3 mode refuses the suite",
	X25519:           "FIPS 140-3 mode leaves it in X25519MLKEM768 only",
}

// hkdf is HMAC over the suite's hash, and runs what the hash runs. Its kind is that with SHA-256.
func (c chooser) hkdf() Path {
	path, long := c.stdPath(SHA256), c.stdPath(SHA384)
	path.Primitive = HKDF
	path.Code = "HMAC over SHA-256: " + path.Code + "; over SHA-384: " + long.Code
	path.Unused = nil
	return path
}

// boringCodes are what BoringCrypto computes in place of Go. HKDF is Go's, around its hashes.
var boringCodes = map[Primitive]string{
	AESGCM:     "BoringCrypto's AES-GCM",
	SHA256:     "BoringCrypto's SHA-256",
	SHA384:     "BoringCrypto's SHA-384",
	ECDHP256:   "BoringCrypto's P-256 assembly, keys checked when they are made",
	ECDHP384:   "BoringCrypto's generic curve, keys checked when they are made",
	ECDHP521:   "BoringCrypto's generic curve, keys checked when they are made",
	SignP256:   "BoringCrypto's P-256 assembly",
	VerifyP256: "BoringCrypto's P-256 assembly",
	SignP384:   "BoringCrypto's generic curve",
	VerifyP384: "BoringCrypto's generic curve",
	SignRSA:    "BoringCrypto's RSA",
	VerifyRSA:  "BoringCrypto's RSA",
}

// slowerInBoring are primitives that Go's best code computes faster than BoringCrypto: measured on Zen 4, before this
// lab.
var slowerInBoring = []Primitive{AESGCM, SHA256, SHA384, ECDHP256, ECDHP384, SignP384}

func (c chooser) boringPath(p Primitive, text string) Path {
	path := Path{
		Primitive: p,
		Expected:  BoringSSL,
		Code:      text,
		Why:       "backend boringcrypto, which asks the CPU itself: GODEBUG cpu.* does not reach it",
		Refused:   c.labRefusedFor(p),
		Unused:    c.unused(p, code{kind: BoringSSL}),
	}
	if slices.Contains(slowerInBoring, p) {
		if taken, refused := c.first(c.codes[p]); len(refused) == 0 {
			path.Refused = append(path.Refused, Refusal{"Go's " + taken.name, "backend boringcrypto takes its place"})
		}
	}
	return path
}

// would are features that nothing of Go 1.26's cryptography uses for a primitive, though code elsewhere does, and is
// faster: measured on Zen 4, before this lab (OpenSSL 3.0, AWS-LC, s2n-bignum, Intel's crypto_mb).
var would = map[Primitive][]string{
	AESGCM:        {"vaes", "vpclmulqdq"},
	X25519:        {"adx", "avx512ifma"},
	ECDHP256:      {"avx512ifma"},
	ECDHP384:      {"adx", "avx512ifma"},
	MLKEM:         {"avx2"},
	SignP256:      {"avx512ifma"},
	SignP384:      {"adx", "avx512ifma"},
	VerifyP384:    {"adx", "avx512ifma"},
	SignEd25519:   {"adx"},
	VerifyEd25519: {"adx"},
	SignRSA:       {"avx512ifma"},
}

// unused are the features that would serve and that this CPU has; BoringCrypto's big numbers do use ADX.
func (c chooser) unused(p Primitive, taken code) []string {
	if c.build.goarch() != "amd64" {
		return nil
	}
	var unused []string
	for _, f := range would[p] {
		inside := f == "adx" && taken.kind == BoringSSL
		if slices.Contains(c.std.features, f) && !inside {
			unused = append(unused, f)
		}
	}
	return unused
}
