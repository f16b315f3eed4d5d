package accel

import (
	"regexp"
	"slices"
	"strings"
)

// SeenAs says which kind of code of the primitive a function in a CPU profile is, by the name that pprof gives it. It
// is false for functions that do not tell: those of other primitives, those that every kind runs, and those that help
// on the side, such as SHA-512 within ECDSA or Keccak within ML-KEM.
//
// A name tells the kind of code and the curve, but not what it was run for: one function may belong to the key
// exchange, the signature and the verification on its curve. HKDF is seen by SHA-256 alone, for within signatures
// there is SHA-512 too.
func (p Primitive) SeenAs(function string) (Kind, bool) {
	pkg, name := split(function)
	for _, s := range known {
		if slices.Contains(s.of, p) && s.include(pkg, name) {
			return s.kind, true
		}
	}
	return "", false
}

var snapshot = regexp.MustCompile(`^(crypto/internal/fips140/)v[0-9][^/]*/`)

// split takes apart a function's name. C functions, and some of Go's assembly, have no package. A snapshot of the
// FIPS module, and a vendored package, are what they are made of.
func split(function string) (pkg, name string) {
	function = strings.TrimSuffix(strings.TrimPrefix(function, "vendor/"), ".abi0")
	function = snapshot.ReplaceAllString(function, "$1")
	path, _, _ := strings.Cut(function, "[") // type arguments have dots and slashes of their own
	slash := strings.LastIndexByte(path, '/') + 1
	dot := strings.IndexByte(path[slash:], '.')
	if dot < 0 {
		return "", function
	}
	return function[:slash+dot], function[slash+dot+1:]
}

// symbols are functions of one kind of code.
type symbols struct {
	kind  Kind
	of    []Primitive
	pkg   string   // path of their package; empty if they have none; p... is p and all below
	names []string // beginnings of names, or with $ at the end whole names
}

func (s symbols) include(pkg, name string) bool {
	if below, ok := strings.CutSuffix(s.pkg, "..."); pkg != s.pkg && (!ok || !strings.HasPrefix(pkg, below)) {
		return false
	}
	return slices.ContainsFunc(s.names, func(n string) bool {
		whole, ok := strings.CutSuffix(n, "$")
		return ok && name == whole || !ok && strings.HasPrefix(name, n)
	})
}

const (
	fips   = "crypto/internal/fips140/"
	xcrypt = "golang.org/x/crypto/"
)

var (
	p256s   = []Primitive{ECDHP256, SignP256, VerifyP256}
	p384s   = []Primitive{ECDHP384, SignP384, VerifyP384}
	edwards = []Primitive{X25519, SignEd25519, VerifyEd25519}
	rsas    = []Primitive{SignRSA, VerifyRSA}
)

// known are the functions that tell kinds apart. What all kinds share (padding, encoding, scheduling), and what serves
// a primitive on the side, is not among them: bigmod and SHA-512 within ECDSA, Keccak within ML-KEM.
var known = []symbols{
	{Assembly, []Primitive{AESGCM}, fips + "aes/gcm", []string{"gcmAes", "kmaGCM$", "cryptBlocksGCM$", "ghashAsm$"}},
	{Portable, []Primitive{AESGCM}, fips + "aes/gcm", []string{"ghashMul$", "ghash$", "updateBlocks$", "gcmCounterCryptGeneric$"}},
	{Portable, []Primitive{AESGCM}, fips + "aes", []string{"encryptBlockGeneric$"}},
	{BoringSSL, []Primitive{AESGCM}, "", []string{
		"EVP_AEAD_CTX_", "_goboringcrypto_EVP_AEAD_", "aes_hw_", "aesni_gcm_", "gcm_ghash_", "gcm_gmult_",
	}},

	{Assembly, []Primitive{ChaCha20Poly1305}, xcrypt + "chacha20poly1305", []string{"chacha20Poly1305Seal$", "chacha20Poly1305Open$"}},
	{Assembly, []Primitive{ChaCha20Poly1305}, "", []string{"polyHashADInternal$"}},
	{Assembly, []Primitive{ChaCha20Poly1305}, xcrypt + "chacha20", []string{"xorKeyStreamVX$"}},
	{Portable, []Primitive{ChaCha20Poly1305}, xcrypt + "chacha20", []string{"quarterRound$", "addXor$", "(*Cipher).xorKeyStreamBlocksGeneric$"}},

	{Assembly, []Primitive{SHA256, HKDF}, fips + "sha256", []string{"blockSHANI$", "blockAVX2$", "blockSHA2$", "blockS390X$"}},
	{Portable, []Primitive{SHA256, HKDF}, fips + "sha256", []string{"blockGeneric$"}},
	{BoringSSL, []Primitive{SHA256, HKDF}, "", []string{"_goboringcrypto_gosha256$", "_goboringcrypto_SHA256_", "sha256_block_data_order"}},

	{Assembly, []Primitive{SHA384}, fips + "sha512", []string{"blockAVX2$", "blockSHA512$", "blockS390X$"}},
	{Portable, []Primitive{SHA384}, fips + "sha512", []string{"blockGeneric$"}},
	{BoringSSL, []Primitive{SHA384}, "", []string{"_goboringcrypto_gosha384$", "_goboringcrypto_SHA384_", "sha512_block_data_order"}},

	{Assembly, edwards, fips + "edwards25519/field", []string{"feMul$", "feSquare$"}},
	{Portable, edwards, fips + "edwards25519/field", []string{"feMulGeneric$", "feSquareGeneric$", "addMul", "mul$", "shiftRightBy51$"}},

	{Assembly, p256s, fips + "nistec", []string{
		"p256MovCond$", "p256NegCond$", "p256Sqr$", "p256Mul$", "p256FromMont$", "p256Select$", "p256SelectAffine$",
		"p256OrdMul$", "p256OrdSqr$", "p256PointAddAffineAsm$", "p256PointAddAsm$", "p256PointDoubleAsm$",
	}},
	{Assembly, p256s, "", []string{"p256SubInternal$", "p256MulInternal$", "p256SqrInternal$", "p256IsZero$"}},
	{Portable, p256s, fips + "nistec/fiat", []string{"p256", "(*P256Element)."}},
	{Portable, p384s, fips + "nistec/fiat", []string{"p384", "(*P384Element)."}},
	{Portable, p384s, fips + "nistec", []string{"(*P384Point).", "(*p384Table)."}},
	{Portable, []Primitive{ECDHP521}, fips + "nistec/fiat", []string{"p521", "(*P521Element)."}},
	{Portable, []Primitive{ECDHP521}, fips + "nistec", []string{"(*P521Point).", "(*p521Table)."}},
	{BoringSSL, []Primitive{ECDHP256, ECDHP384, ECDHP521}, "", []string{"_goboringcrypto_EC_POINT_", "_goboringcrypto_EC_KEY_generate_key"}},
	{BoringSSL, []Primitive{SignP256, SignP384}, "", []string{"_goboringcrypto_ECDSA_sign"}},
	{BoringSSL, []Primitive{VerifyP256, VerifyP384}, "", []string{"_goboringcrypto_ECDSA_verify"}},
	{BoringSSL, p256s, "", []string{"ecp_nistz256_"}},
	{BoringSSL, append([]Primitive{ECDHP521}, p384s...), "", []string{"ec_GFp_mont_", "bn_mul_mont"}},
	{Lab, []Primitive{SignP384}, "github.com/tlslab/tlslab/accel/p384...", []string{""}},

	{Portable, []Primitive{MLKEM}, fips + "mlkem", []string{""}},

	{Assembly, rsas, fips + "bigmod", []string{"addMulVVW1024$", "addMulVVW1536$", "addMulVVW2048$"}},
	{Assembly, rsas, "", []string{"addMulVVWx$"}},
	{Portable, rsas, fips + "bigmod", []string{"addMulVVW$"}},
	{BoringSSL, []Primitive{SignRSA}, "", []string{"_goboringcrypto_RSA_sign"}},
	{BoringSSL, []Primitive{VerifyRSA}, "", []string{"_goboringcrypto_RSA_verify"}},
	{BoringSSL, rsas, "", []string{"rsaz_1024_", "bn_power5", "bn_mul_mont", "bn_sqr8x_", "bn_sqrx8x_"}},
}
