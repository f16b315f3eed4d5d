package reports_test

import (
	"time"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

const fiatMul = "crypto/internal/fips140/nistec/fiat.p384Mul"

// accelerated is an analysis of P-384 certificates, signed by crypto/ecdsa, by the lab and by BoringCrypto: code that
// is as expected, that is not, that was not seen and that nobody looked for; full batches, single signatures and
// fallbacks; operations that are the same, better, worse, undecided and missing.
func accelerated() *analysis.Analysis {
	a := build([]handshake.Spec{
		{Kind: handshake.Full, Group: handshake.X25519, Signature: handshake.ECDSAP384},
		{Kind: handshake.Full, Group: handshake.P384, Signature: handshake.ECDSAP384},
	}, []string{"std", "lab", "boringcrypto"}, 7)
	a.Manifest.Scenario.Name = "p384-accel"
	a.Manifest.Variants[1].Accel = "auto"
	a.Manifest.Variants[1].Hello.Signer, a.Manifest.Variants[1].Hello.SignerWhy = "lab-ifma8", "the fastest that runs here"
	a.Blocks = nil
	for i := range a.Series {
		s := &a.Series[i]
		s.CPU.Sampled = 2 * time.Second
		a.Codes = append(a.Codes, codesOf(s.Cell, s.Variant, i < 3)...)
	}
	a.Codes[1].Agreement, a.Codes[1].Detail, a.Codes[1].Seen = analysis.Unseen, "3 samples: it takes 20 to say", nil
	a.Series[1].Signer = &server.Signer{
		Path: "lab-ifma8", Signatures: 6733, Batches: 1400, Fill: []uint64{0, 420, 30, 50, 100, 100, 100, 200, 400},
		Waits: waitsOf(6730), Kernel: 65 * time.Millisecond, Single: 400, Fallbacks: map[string]uint64{"<" + hostile + ">": 2, "lane": 1}, Verified: 7,
	}
	a.Series[4].Signer = &server.Signer{
		Path: "lab-ifma8", Signatures: 7000, Batches: 6980, Fill: []uint64{0, 6970, 0, 10, 0, 0, 0, 0, 0}, Waits: waitsOf(300),
		Kernel: 210 * time.Millisecond, Single: 6970, Verified: 7,
	}
	a.Primitives = timed()
	a.Summary.Trust = []string{"aes-gcm of boringcrypto did not run the boringssl code that was expected"}
	tally(a)
	return a
}

// codesOf is what a variant should run in a cell, and what was seen; with a P-384 key exchange or without.
func codesOf(cell, variant string, x25519 bool) []analysis.Code {
	code := func(p accel.Primitive, expected accel.Kind, text, why string, seen ...analysis.Sighting) analysis.Code {
		path := accel.Path{Primitive: p, Expected: expected, Code: text, Why: why}
		return analysis.Code{Cell: cell, Variant: variant, Path: path, Seen: seen, Agreement: analysis.Agrees}
	}
	seen := func(kind accel.Kind, ms int, function string) analysis.Sighting {
		return analysis.Sighting{Kind: kind, CPU: time.Duration(ms) * time.Millisecond, Function: function}
	}
	aes := code(accel.AESGCM, accel.Assembly, "AES-NI and PCLMULQDQ, 128 bits at a time", "this CPU has aes, pclmulqdq",
		seen(accel.Assembly, 10, "crypto/internal/fips140/aes/gcm.gcmAesEnc"))
	aes.Uses, aes.Unused = []string{"aes", "pclmulqdq"}, []string{"vaes", "vpclmulqdq"}
	sign := code(accel.SignP384, accel.Portable, "Go: fiat-crypto's field arithmetic", "Go has no assembly for it", seen(accel.Portable, 1100, fiatMul))
	sign.Refused = []accel.Refusal{{Code: "lab-ifma8", Because: "the server's accel is std"}}
	sign.Unused = []string{"adx", "bmi2", "avx512ifma"}
	exchange := code(accel.ECDHP384, accel.Portable, sign.Path.Code, sign.Why, seen(accel.Portable, 1300, fiatMul))
	exchange.Unused = sign.Unused
	switch variant {
	case "lab":
		aes.Agreement, aes.Detail, aes.Seen = analysis.Unseen, "none of 200 samples fell into it", nil
		sign = code(accel.SignP384, accel.Lab, "lab-ifma8: AVX-512 IFMA, eight signatures at once", "the server's accel is auto",
			seen(accel.Lab, 140, "github.com/tlslab/tlslab/accel/p384/internal/ifma8.mulAdd"), seen(accel.Portable, 5, fiatMul))
		if !x25519 {
			sign.Seen[1].CPU, sign.Seen[1].Shared = 1300*time.Millisecond, true
		}
		sign.Uses = []string{"avx512f", "avx512ifma"}
	case "boringcrypto":
		aes.Expected, aes.Path.Code, aes.Why, aes.Agreement = accel.BoringSSL, "BoringCrypto's AES-GCM", "backend boringcrypto", analysis.Disagrees
		aes.Uses, aes.Detail = nil, "crypto/internal/fips140/aes/gcm.gcmAesEnc (assembly) and the like have 100 % of its time"
		sign = code(accel.SignP384, accel.BoringSSL, "BoringCrypto's generic curve", "backend boringcrypto")
		sign.Agreement, sign.Seen = analysis.Blind, nil
		exchange.Expected, exchange.Path.Code, exchange.Why, exchange.Unused = accel.BoringSSL, sign.Path.Code, sign.Why, nil
		exchange.Seen = []analysis.Sighting{seen(accel.BoringSSL, 1700, "_goboringcrypto_EC_POINT_mul")}
	}
	if x25519 {
		return []analysis.Code{aes, sign}
	}
	return []analysis.Code{aes, exchange, sign}
}

// waitsOf is n waits, most of them below a microsecond.
func waitsOf(n uint64) []uint64 {
	w := make([]uint64, 40)
	w[6], w[9], w[16], w[22] = n*7/10, n*2/10, n/20, n/20
	return w
}

func timed() []analysis.Primitive {
	var all []analysis.Primitive
	add := func(name string, bytes int, ns float64, candidates ...analysis.Primitive) {
		all = append(all, analysis.Primitive{Name: name, Bytes: bytes, Variant: "std", Time: ns})
		for i, p := range candidates {
			p.Name, p.Bytes, p.Variant = name, bytes, []string{"lab", "boringcrypto"}[i]
			if p.Ratio != nil {
				p.Time = ns * p.Ratio.Point
			}
			all = append(all, p)
		}
	}
	says := func(r float64, v effect.Verdict) analysis.Primitive {
		return analysis.Primitive{Ratio: &effect.Ratio{Point: r, Lo: r * 0.98, Hi: r * 1.02}, Verdict: v}
	}
	same := says(1.001, effect.Same)
	add("aes-128-gcm 64 B", 64, 102, same, says(1.26, effect.Worse))
	add("aes-128-gcm 16 kB", 16384, 2890, same, says(1.35, effect.Worse))
	add("aes-128-gcm 16 kB by VAES", 16384, 1416, same, analysis.Primitive{Missing: "build tag purego"})
	all[len(all)-3].Price = &effect.Ratio{Point: 0.49, Lo: 0.47, Hi: 0.51}
	add("chacha20-poly1305 16 kB", 16384, 5270, same, says(1.02, effect.Inconclusive))
	add("ecdsa-p384 sign", 0, 208_000, says(0.52, effect.Better), says(2.33, effect.Worse))
	add("ecdsa-p384 sign, 8 at once", 0, 208_000, says(0.078, effect.Better), says(2.33, effect.Worse))
	add("x25519", 0, 46_100, same, same)
	return all
}

// ablated is an analysis of CPU options: one whose effect is there, one that a profile says did nothing, one that the
// times say did nothing, one that no profile can tell of, and one that changes nothing.
func ablated() *analysis.Analysis {
	variants := []string{"std", "no-aes", "no-sha", "no-avx2", "no-adx", "no-bmi2"}
	a := build([]handshake.Spec{
		{Kind: handshake.Full, Group: handshake.X25519, Signature: handshake.ECDSAP256, Suite: handshake.AES128GCM},
		{Kind: handshake.Full, Group: handshake.X25519, Signature: handshake.RSAPSS2048, Suite: handshake.AES128GCM},
	}, variants, 7)
	a.Manifest.Scenario.Name = "ablation"
	a.Blocks = nil
	for i, option := range []string{"aes", "sha", "avx2", "adx", "bmi2"} {
		a.Manifest.Variants[i+1].Env = map[string]string{"GODEBUG": "cpu." + option + "=off"}
	}
	for _, s := range a.Series {
		s.CPU.Sampled = 2 * time.Second
		a.Codes = append(a.Codes, ablatedCodes(s.Cell, s.Variant)...)
	}
	for _, p := range []struct {
		name    string
		bytes   int
		variant string
		ns      float64
		ratio   float64
		verdict effect.Verdict
	}{
		{"aes-128-gcm 16 kB", 16384, "std", 2890, 0, ""},
		{"aes-128-gcm 16 kB", 16384, "no-aes", 119_000, 41, effect.Worse},
		{"rsa-pss-2048 sign", 0, "std", 987_000, 0, ""},
		{"rsa-pss-2048 sign", 0, "no-adx", 988_000, 1.001, effect.Same},
	} {
		one := analysis.Primitive{Name: p.name, Bytes: p.bytes, Variant: p.variant, Time: p.ns, Verdict: p.verdict}
		if p.ratio > 0 {
			one.Ratio = &effect.Ratio{Point: p.ratio, Lo: p.ratio * 0.99, Hi: p.ratio * 1.01}
		}
		a.Primitives = append(a.Primitives, one)
	}
	tally(a)
	return a
}

// ablatedCodes is what a variant of the ablation should run, and what was seen.
func ablatedCodes(cell, variant string) []analysis.Code {
	code := func(p accel.Primitive, expected accel.Kind, text string, seen accel.Kind, function string) analysis.Code {
		c := analysis.Code{Cell: cell, Variant: variant, Agreement: analysis.Agrees, Path: accel.Path{Primitive: p, Expected: expected, Code: text, Why: "the best that this CPU and this build leave"}}
		c.Seen = []analysis.Sighting{{Kind: seen, CPU: 20 * time.Millisecond, Function: function}}
		return c
	}
	aes := code(accel.AESGCM, accel.Assembly, "AES-NI and PCLMULQDQ, 128 bits at a time", accel.Assembly, "crypto/internal/fips140/aes/gcm.gcmAesEnc")
	sha := code(accel.SHA256, accel.Assembly, "SHA-NI", accel.Assembly, "crypto/internal/fips140/sha256.blockSHANI")
	sign := code(accel.SignRSA, accel.Assembly, "multiplication in assembly (MULX, ADCX, ADOX)", accel.Assembly, "crypto/internal/fips140/bigmod.addMulVVW2048")
	switch variant {
	case "no-aes":
		aes = code(accel.AESGCM, accel.Portable, "Go: AES by tables, GHASH", accel.Portable, "crypto/internal/fips140/aes.encryptBlockGeneric")
	case "no-sha":
		sha.Path.Code, sha.Agreement = "AVX2", analysis.Disagrees
		sha.Detail = sha.Seen[0].Function + " (assembly) and the like have 100 % of its time"
	case "no-avx2":
		sha.Path.Code, sha.Expected, sha.Agreement, sha.Seen = "Go", accel.Portable, analysis.Unseen, nil
	case "no-adx":
		sign.Path.Code = "multiplication in assembly (MULQ)"
	}
	return []analysis.Code{aes, sha, sign}
}
