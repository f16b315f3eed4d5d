package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results/profile"
)

const (
	fiatMul    = "crypto/internal/fips140/nistec/fiat.p384Mul"
	boringSign = "_goboringcrypto_ECDSA_sign"
	shaNI      = "crypto/internal/fips140/sha256.blockSHANI"
	shaAVX2    = "crypto/internal/fips140/sha256.blockAVX2"
	aesNI      = "crypto/internal/fips140/aes/gcm.gcmAesEnc"
	aesGo      = "crypto/internal/fips140/aes.encryptBlockGeneric"
)

// profiledAs is a series whose profiles have so many samples of 10 ms in each function.
func profiledAs(spent ...self) Series {
	c := &CPU{}
	for _, s := range spent {
		c.Samples += s.samples
		c.All = append(c.All, profile.Share{Name: s.function, CPU: time.Duration(s.samples) * 10 * time.Millisecond})
	}
	c.Sampled = time.Duration(c.Samples) * 10 * time.Millisecond
	return Series{Cell: "full", Variant: "std", CPU: c}
}

func TestCodeOf(t *testing.T) {
	used := func(p accel.Primitive, kind accel.Kind, uses ...string) use {
		return use{accel.Path{Primitive: p, Expected: kind, Uses: uses}, p}
	}
	goSign, boringSSL := used(accel.SignP384, accel.Portable), used(accel.SignP384, accel.BoringSSL)
	exchange := used(accel.ECDHP384, accel.Portable)
	hash := used(accel.SHA256, accel.Assembly, "avx", "sha_ni")
	derive := use{accel.Path{Primitive: accel.HKDF, Expected: accel.Assembly, Uses: []string{"avx", "avx2"}}, accel.SHA384}
	other := self{"runtime.memmove", 100}
	for name, tt := range map[string]struct {
		of     use
		beside []use // primitives of the same handshake
		series Series
		want   Agreement
		detail string // part of it
	}{
		"no profile":              {goSign, nil, Series{}, Blind, "instruments: {pprof: true}"},
		"nothing fell into it":    {goSign, nil, profiledAs(other), Unseen, "none of 100 samples"},
		"as expected":             {goSign, nil, profiledAs(other, self{fiatMul, 50}), Agrees, ""},
		"one sample, as expected": {goSign, nil, profiledAs(other, self{fiatMul, 1}), Agrees, ""},
		"other code":              {boringSSL, nil, profiledAs(self{fiatMul, 400}), Disagrees, fiatMul + " (portable) and the like have 100 % of its time"},
		"other code, too few":     {boringSSL, nil, profiledAs(other, self{fiatMul, 19}), Unseen, "19 samples: it takes 20"},
		"other code, enough":      {boringSSL, nil, profiledAs(other, self{fiatMul, 20}), Disagrees, "have 100 %"},
		"nearly all other":        {boringSSL, nil, profiledAs(self{fiatMul, 91}, self{boringSign, 9}), Disagrees, "have 91 % of its time"},
		"much other":              {boringSSL, nil, profiledAs(self{fiatMul, 60}, self{boringSign, 40}), Agrees, "only 40 %"},
		"little other":            {boringSSL, nil, profiledAs(self{fiatMul, 40}, self{boringSign, 60}), Agrees, ""},
		"the key exchange's code": {boringSSL, []use{exchange}, profiledAs(self{fiatMul, 400}), Unseen, "expected of other primitives"},
		"signing beside it":       {boringSSL, []use{exchange}, profiledAs(self{fiatMul, 400}, self{boringSign, 1}), Agrees, ""},
		"shared and expected":     {goSign, []use{exchange}, profiledAs(self{fiatMul, 400}), Agrees, ""},
		"the right instructions":  {hash, nil, profiledAs(self{shaNI, 30}), Agrees, ""},
		"other instructions":      {hash, nil, profiledAs(self{shaAVX2, 30}), Disagrees, shaAVX2 + " (assembly)"},
		"the suite's hash":        {derive, nil, profiledAs(self{"crypto/internal/fips140/sha512.blockAVX2", 30}), Agrees, ""},
		"another hash":            {derive, nil, profiledAs(self{shaNI, 30}), Unseen, "none of 30 samples"},
	} {
		got := codeOf(tt.of, append(tt.beside, tt.of), tt.series)
		if got.Agreement != tt.want || !strings.Contains(got.Detail, tt.detail) || (tt.detail == "") != (got.Detail == "") {
			t.Errorf("%s: got %q (%s), want %q (%s)", name, got.Agreement, got.Detail, tt.want, tt.detail)
		}
	}
}

// What is seen is told by kind, the most time first, each with its largest function.
func TestSightings(t *testing.T) {
	fiatSquare := "crypto/internal/fips140/nistec/fiat.p384Square"
	of := use{accel.Path{Primitive: accel.SignP384, Expected: accel.BoringSSL}, accel.SignP384}
	got := codeOf(of, []use{of}, profiledAs(self{fiatMul, 30}, self{fiatSquare, 20}, self{boringSign, 10}, self{"runtime.memmove", 40})).Seen
	want := []Sighting{{accel.Portable, 500 * time.Millisecond, fiatMul, false}, {accel.BoringSSL, 100 * time.Millisecond, boringSign, false}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	exchange := use{accel.Path{Primitive: accel.ECDHP384, Expected: accel.Portable}, accel.ECDHP384}
	got = codeOf(of, []use{of, exchange}, profiledAs(self{fiatMul, 30}, self{boringSign, 10})).Seen
	want = []Sighting{{accel.Portable, 300 * time.Millisecond, fiatMul, true}, {accel.BoringSSL, 100 * time.Millisecond, boringSign, false}}
	if !slices.Equal(got, want) {
		t.Errorf("beside a key exchange: got %v, want %v", got, want)
	}
}

// HKDF is what the negotiated suite's hash is.
func TestUsedBy(t *testing.T) {
	paths := []accel.Path{{Primitive: accel.SHA256, Code: "SHA-NI"}, {Primitive: accel.SHA384, Code: "AVX2"}, {Primitive: accel.HKDF, Code: "either"}}
	for suite, want := range map[handshake.Suite]string{handshake.AES128GCM: "HMAC over SHA-256: SHA-NI", handshake.AES256GCM: "HMAC over SHA-384: AVX2"} {
		got := usedBy(paths, handshake.Spec{Suite: suite}, Series{})
		if at := slices.IndexFunc(got, func(u use) bool { return u.Primitive == accel.HKDF }); at < 0 || got[at].Code != want || len(got) != 2 {
			t.Errorf("%v: got %+v, want %q", suite, got, want)
		}
	}
}

func TestSuiteOf(t *testing.T) {
	for name, tt := range map[string]struct {
		spec   handshake.Spec
		suites map[string]uint64
		want   handshake.Suite
	}{
		"asked for":      {handshake.Spec{Suite: handshake.AES256GCM}, map[string]uint64{"TLS_AES_128_GCM_SHA256": 9}, handshake.AES256GCM},
		"negotiated":     {handshake.Spec{}, map[string]uint64{"TLS_AES_128_GCM_SHA256": 9, "TLS_CHACHA20_POLY1305_SHA256": 10}, handshake.ChaCha20Poly1305},
		"no handshakes":  {handshake.Spec{}, nil, 0},
		"an unknown one": {handshake.Spec{}, map[string]uint64{"TLS_SM4_GCM_SM3": 9}, 0},
	} {
		s := Series{Server: handshake.ServerLedger{Shape: handshake.Shape{Suites: tt.suites}}}
		if got := suiteOf(tt.spec, s); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// A build that runs other cryptography than it says is a doubt about the whole run, and no more: the exit code stays.
func TestDisagreementIsADoubt(t *testing.T) {
	m := standard()
	m.groups = 1
	b := m.bundle()
	b.Manifest.Environment.Features = []string{"adx", "aes", "avx2", "bmi2", "pclmulqdq", "sha_ni", "sse4_1", "ssse3"}
	b.Manifest.Variants[1].Build.Backend = "boringcrypto"
	profiles := map[string][]byte{}
	for i := range b.Blocks {
		profiles[fmt.Sprintf("profiles/%04d.pb.gz", i)] = sampled(t, &b.Blocks[i], self{fiatMul, 50}, self{"runtime.memmove", 50})
	}
	a := analyse(t, kept(t, b, profiles))
	agreement := map[string]Agreement{}
	for _, c := range a.Codes {
		if c.Primitive == accel.SignP384 {
			agreement[c.Variant] = c.Agreement
		}
	}
	if agreement["std"] != Agrees || agreement["boringcrypto"] != Disagrees {
		t.Errorf("got %v, want std as expected, boringcrypto not", agreement)
	}
	const want = "ecdsa-p384 sign of boringcrypto did not run the code that was expected (boringssl: BoringCrypto's generic curve), " +
		"in full/P-384/ecdsa-p384/server-auth: " + fiatMul + " (portable) and the like have 100 % of its time"
	if !slices.Contains(a.Summary.Trust, want) || a.Summary.Exit != exitFine {
		t.Errorf("exit %d, trust %q; want exit 0 and %q", a.Summary.Exit, a.Summary.Trust, want)
	}
}

// Where nobody knows what the CPU can do, nothing is expected.
func TestNoFeaturesNoCodes(t *testing.T) {
	b := standard().bundle()
	b.Manifest.Environment.Features = nil
	if a := analyse(t, b); a.Codes != nil {
		t.Errorf("got %d codes", len(a.Codes))
	}
}

func TestCodeDoubtsAreSaidOnce(t *testing.T) {
	var codes []Code
	for _, cell := range []string{"full", "resumed"} {
		c := Code{Cell: cell, Variant: "std", Agreement: Disagrees, Detail: "f (portable) and the like have 99 % of its time"}
		c.Primitive, c.Expected, c.Path.Code = accel.AESGCM, accel.Assembly, "AES-NI"
		codes = append(codes, c)
	}
	codes = append(codes, Code{Cell: "full", Variant: "other", Agreement: Unseen})
	got := codeDoubts(&Analysis{Codes: codes})
	want := []string{"aes-gcm of std did not run the code that was expected (assembly: AES-NI), in 2 cells: f (portable) and the like have 99 % of its time"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
