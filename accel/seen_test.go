package accel

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// symbol is a line of testdata/symbols: a function in a CPU profile of one primitive.
type symbol struct {
	primitive Primitive
	share     int // per cent of self time
	kind      Kind
	function  string
}

func readSymbols(t *testing.T, file string) []symbol {
	t.Helper()
	var all []symbol
	for line := range strings.Lines(read(t, file)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 4)
		if len(f) != 4 {
			t.Fatalf("%s: %q: not primitive, share, kind, function", file, line)
		}
		share, err := strconv.Atoi(f[1])
		if err != nil {
			t.Fatalf("%s: %q: %v", file, line, err)
		}
		all = append(all, symbol{Primitive(f[0]), share, Kind(f[2]), f[3]})
	}
	if len(all) == 0 {
		t.Fatalf("%s: empty", file)
	}
	return all
}

// profiled are the builds whose profiles are in testdata/symbols, all of them on one CPU.
var profiled = map[string]Build{
	"std":            {},
	"cpu.all=off":    {GODEBUG: "cpu.all=off"},
	"purego":         {Tags: []string{"purego"}},
	"fips140-latest": {Backend: "fips140", FIPS: true},
	"fips140-v1.0.0": {Backend: "fips140", FIPS: true},
	"boringcrypto":   {Backend: "boringcrypto"},
	"lab-ifma8":      {Accel: "lab-ifma8"},
	"lab-adx":        {Accel: "lab-adx"},
	"lab-portable":   {Accel: "lab-portable", Tags: []string{"purego"}},
}

func TestSeenAs(t *testing.T) {
	for name := range profiled {
		for _, s := range readSymbols(t, filepath.Join("testdata/symbols", name+".txt")) {
			kind, ok := s.primitive.SeenAs(s.function)
			if !ok {
				kind = "-"
			}
			if kind != s.kind {
				t.Errorf("%s: %s in %s: got %s, want %s", name, s.function, s.primitive, kind, s.kind)
			}
		}
	}
}

// What was expected of a build is what its profiles show.
func TestExpectedIsSeen(t *testing.T) {
	c := readCPU(t, "sapphire-rapids")
	for name, build := range profiled {
		build.GOOS, build.GOARCH = c.goos, c.goarch
		seen := map[Primitive]map[Kind]int{}
		for _, s := range readSymbols(t, filepath.Join("testdata/symbols", name+".txt")) {
			if seen[s.primitive] == nil {
				seen[s.primitive] = map[Kind]int{}
			}
			if kind, ok := s.primitive.SeenAs(s.function); ok {
				seen[s.primitive][kind] += s.share
			}
		}
		for _, p := range Paths(c.features, build) {
			if build.FIPS && p.Primitive == ChaCha20Poly1305 || build.Accel != "" && p.Primitive != SignP384 {
				continue // there is no profile
			}
			total := 0
			for _, share := range seen[p.Primitive] {
				total += share
			}
			if expected := seen[p.Primitive][p.Expected]; total == 0 || expected*10 < total*8 {
				t.Errorf("%s: %s: expected %s, seen %v", name, p.Primitive, p.Expected, seen[p.Primitive])
			}
		}
	}
}

// Names that no profile of this machine shows: other architectures, BoringCrypto's C, the lab's signers.
func TestSeenAsElsewhere(t *testing.T) {
	tests := []struct {
		primitive Primitive
		function  string
		want      Kind // empty: it does not tell
	}{
		{AESGCM, "crypto/internal/fips140/aes/gcm.kmaGCM", Assembly},
		{AESGCM, "aesni_gcm_encrypt", BoringSSL},
		{AESGCM, "crypto/internal/fips140/aes.ctrBlocks8Asm", ""}, // tickets, random numbers
		{AESGCM, "crypto/internal/fips140/aes.encryptBlockAsm", ""},
		{AESGCM, "crypto/internal/fips140/aes/gcm.seal", ""},
		{AESGCM, "github.com/tlslab/tlslab/accel/vaesgcm.seal", ""},
		{ChaCha20Poly1305, "vendor/golang.org/x/crypto/chacha20.xorKeyStreamVX", Assembly},
		{ChaCha20Poly1305, "golang.org/x/crypto/chacha20poly1305.chacha20Poly1305Seal", Assembly},
		{SHA256, "crypto/internal/fips140/sha256.blockSHA2", Assembly},
		{SHA256, "crypto/internal/fips140/v1.26.0/sha256.blockSHA2.abi0", Assembly},
		{SHA256, "crypto/internal/fips140/sha512.blockAVX2", ""},
		{SHA256, "crypto/internal/fips140/sha256.(*Digest).Write", ""},
		{SHA384, "crypto/internal/fips140/sha512.blockSHA512", Assembly},
		{HKDF, "sha256_block_data_order", BoringSSL},
		{ECDHP384, "ec_GFp_mont_felem_mul", BoringSSL},
		{SignP256, "ecp_nistz256_ord_mul_mont", BoringSSL},
		{SignRSA, "addMulVVWx", Assembly},
		{SignRSA, "crypto/internal/fips140/bigmod.addMulVVW", Portable},
		{SignP384, "crypto/internal/fips140/bigmod.addMulVVW", ""},
		{SignP384, "github.com/tlslab/tlslab/accel/p384/internal/ifma8.addAffine", Lab},
		{SignP384, "github.com/tlslab/tlslab/accel/p384.(*Signer).Sign", Lab},
		{VerifyP384, "github.com/tlslab/tlslab/accel/p384.(*Signer).Sign", ""},
		{SignP384, "crypto/internal/fips140/nistec/fiat.p384Mul", Portable},
		{SignP384, "crypto/internal/fips140/nistec/fiat.p256Mul", ""},
		{SignP256, "crypto/internal/fips140/nistec.p256Polynomial", ""}, // Go beside the assembly
		{MLKEM, "crypto/internal/fips140/mlkem.polyAdd[go.shape.[256]crypto/internal/fips140/mlkem.fieldElement]", Portable},
		{MLKEM, "crypto/internal/fips140/sha3.keccakF1600", ""},
		{MLKEM, "runtime.mallocgc", ""},
		{MLKEM, "", ""},
	}
	for _, tt := range tests {
		got, ok := tt.primitive.SeenAs(tt.function)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %s: got %q, %v, want %q", tt.primitive, tt.function, got, ok, tt.want)
		}
	}
}
