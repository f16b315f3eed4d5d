package p384

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestNewSignerRefuses(t *testing.T) {
	good := newKey(t)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreign, nowhere := *good, *good
	foreign.PublicKey = newKey(t).PublicKey
	nowhere.PublicKey = *point(big.NewInt(1), big.NewInt(1))
	tests := []struct {
		name string
		key  *ecdsa.PrivateKey
		path Path
		o    Options
		want string
	}{
		{"other curve", p256, Std, Options{}, "p384: the key's curve is P-256, not that of elliptic.P384"},
		{"other public key", &foreign, Std, Options{}, "p384: the public key does not belong to the private key"},
		{"public key off the curve", &nowhere, Std, Options{}, "not on curve"},
		{"no such path", good, "lab-quantum", Options{}, `p384: there is no path "lab-quantum"`},
		{"negative check", good, Std, Options{Check: -1}, "give a positive number"},
	}
	for _, status := range Paths() {
		if status.Refused != "" {
			tests = append(tests, struct {
				name string
				key  *ecdsa.PrivateKey
				path Path
				o    Options
				want string
			}{"refused", good, status.Path, Options{}, "p384: path " + string(status.Path) + " is refused: " + status.Refused})
		}
	}
	for _, tt := range tests {
		if _, err := NewSigner(tt.key, tt.path, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestPublic(t *testing.T) {
	key := newKey(t)
	for _, path := range running(t) {
		if got := pathSigner(t, key, path, Options{}).Public(); !key.PublicKey.Equal(got) {
			t.Errorf("%s: got another public key", path)
		}
	}
}

// The signer and crypto/ecdsa give the same signatures where there is no randomness.
func TestDeterministic(t *testing.T) { deterministicSignatures(t, 1000/slowdown) }

// deterministicSignatures compares n signatures of each path, fifty by each key and all fifty at once.
func deterministicSignatures(t *testing.T, n int) {
	t.Helper()
	for _, path := range running(t) {
		if path == Std {
			continue
		}
		for range n / 50 {
			s := pathSigner(t, newKey(t), path, Options{Deterministic: true})
			var wait sync.WaitGroup
			for range 50 {
				wait.Go(func() { sameSignature(t, s) })
			}
			wait.Wait()
		}
		t.Logf("%s: %d signatures are those of crypto/ecdsa", path, n)
	}
}

func sameSignature(t *testing.T, s *Signer) {
	t.Helper()
	digest := make([]byte, size)
	rand.Read(digest)
	want, err := s.key.Sign(nil, digest, crypto.SHA384)
	if err != nil {
		t.Error(err)
	}
	if got, err := s.Sign(nil, digest, crypto.SHA384); err != nil || !bytes.Equal(got, want) {
		t.Errorf("digest %x: got %x, %v, want %x", digest, got, err, want)
	}
}

// Digests at the edges, among them those that are not less than the order.
func TestDeterministicEdges(t *testing.T) {
	n := elliptic.P384().Params().N
	for _, d := range []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(n, big.NewInt(1)), new(big.Int).Sub(n, big.NewInt(2))} {
		key := parseKey(t, d.FillBytes(make([]byte, size)))
		for _, path := range running(t) {
			s := pathSigner(t, key, path, Options{Deterministic: true})
			for _, e := range edges() {
				digest := e.FillBytes(make([]byte, size))
				want, err := key.Sign(nil, digest, crypto.SHA384)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := s.Sign(nil, digest, crypto.SHA384); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: key %x, digest %x: got %x, %v, want %x", path, d, digest, got, err, want)
				}
			}
		}
	}
}

// What the paths do not do themselves is done, and refused, as crypto/ecdsa does it.
func TestFallBack(t *testing.T) {
	key := newKey(t)
	s := oracleSigner(t, key, Options{})
	d256, d384, d512 := sha256.Sum256(nil), sha512.Sum384(nil), sha512.Sum512(nil)
	random := rand.Reader
	for _, tt := range []struct {
		name   string
		digest []byte
		opts   crypto.SignerOpts
	}{
		{"sha-256", d256[:], crypto.SHA256},
		{"sha-512", d512[:], crypto.SHA512},
		{"no options", d384[:], nil},
		{"sha-384 by name, not by length", d256[:], crypto.SHA384},
		{"empty", nil, crypto.SHA384},
	} {
		signature, err := s.Sign(random, tt.digest, tt.opts)
		if err != nil || !ecdsa.VerifyASN1(&key.PublicKey, tt.digest, signature) {
			t.Errorf("%s: %x, %v", tt.name, signature, err)
		}
	}
	want, err := key.Sign(nil, d384[:], crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Sign(nil, d384[:], crypto.SHA384); err != nil || !bytes.Equal(got, want) {
		t.Errorf("deterministic: got %x, %v, want %x", got, err, want)
	}
	if _, err := s.Sign(nil, d256[:], crypto.SHA384); err == nil {
		t.Error("a deterministic signature of a digest of the wrong length: want crypto/ecdsa's error")
	}
	got := s.Stats()
	if want := map[string]uint64{"hash": 6, "deterministic": 1}; got.Signatures != 7 || !maps.Equal(got.Fallbacks, want) {
		t.Errorf("%d signatures, by crypto/ecdsa %v, want 7 and %v", got.Signatures, got.Fallbacks, want)
	}
}

// childPaths starts the test's binary under GODEBUG and returns what Paths says there: why each is refused.
func childPaths(t *testing.T, godebug string) map[Path]string {
	t.Helper()
	if slowdown > 1 {
		t.Skip("asks other processes, which have no races")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run", "^TestChildPaths$")
	child.Env = append(os.Environ(), "TLSLAB_TEST_PATHS=1", "GODEBUG="+godebug)
	said, err := child.CombinedOutput()
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		t.Skip("an emulated program cannot start itself again")
	case strings.Contains(string(said), "mode is incompatible with"):
		t.Skipf("this build has no FIPS 140 mode: %s", said)
	case err != nil:
		t.Fatalf("%s: %v: %s", godebug, err, said)
	}
	refused := map[Path]string{}
	for line := range strings.Lines(string(said)) {
		if fields := strings.Split(strings.TrimSpace(line), "|"); len(fields) == 3 {
			refused[Path(fields[1])] = fields[2]
		}
	}
	return refused
}

// TestChildPaths is what the child process runs.
func TestChildPaths(t *testing.T) {
	if os.Getenv("TLSLAB_TEST_PATHS") == "" {
		t.Skip("runs in the child process of the other tests")
	}
	key := newKey(t)
	for _, status := range Paths() {
		s, err := NewSigner(key, status.Path, Options{})
		if (err == nil) != (status.Refused == "") {
			t.Errorf("%s: %v, but refused: %q", status.Path, err, status.Refused)
		}
		if s != nil {
			together(t, s, 8, 1)
		}
		fmt.Printf("|%s|%s\n", status.Path, status.Refused)
	}
}

func TestPathsUnderFIPS(t *testing.T) {
	got := childPaths(t, "fips140=on")
	if len(got) != len(engines)+1 {
		t.Errorf("the child process knows %v", got)
	}
	for path, refused := range got {
		if (path == Std) != (refused == "") || path != Std && !strings.Contains(refused, "FIPS") {
			t.Errorf("%s: refused: %q", path, refused)
		}
	}
}

func TestPathsUnderGODEBUG(t *testing.T) {
	if boringCrypto {
		t.Skip("nothing but BoringCrypto runs")
	}
	here := childPaths(t, "")
	for godebug, path := range map[string]Path{"cpu.avx512ifma=off": IFMA8, "cpu.adx=off": ADX, "cpu.bmi2=off": ADX} {
		if here[path] != "" {
			t.Logf("%s is refused here in any case: %s", path, here[path])
			continue
		}
		got := childPaths(t, godebug)
		if got[path] == "" {
			t.Errorf("%s: %s still runs", godebug, path)
		}
		if path == ADX && got[Portable] != "" {
			t.Errorf("%s: %s is refused: %s", godebug, Portable, got[Portable])
		}
		if path == IFMA8 && got[ADX] != here[ADX] {
			t.Errorf("%s: %s: %q, without it %q", godebug, ADX, got[ADX], here[ADX])
		}
	}
	all := childPaths(t, "cpu.all=off")
	if runtime.GOARCH == "amd64" && (all[Portable] != "" || all[ADX] == "" || all[IFMA8] == "") {
		t.Errorf("cpu.all=off: %v", all)
	}
}

// Making a signer leaves the key as it was, for crypto/ecdsa gives its own memory away.
func TestNewSignerLeavesTheKey(t *testing.T) {
	key := newKey(t)
	digest := sha512.Sum384([]byte("before and after"))
	before, err := key.Sign(nil, digest[:], crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := NewSigner(key, Std, Options{}); err != nil {
			t.Fatal(err)
		}
		if after, err := key.Sign(nil, digest[:], crypto.SHA384); err != nil || !bytes.Equal(after, before) {
			t.Errorf("crypto/ecdsa signs otherwise now: %v", err)
		}
		if secret, err := key.Bytes(); err != nil || bytes.Equal(secret, make([]byte, size)) {
			t.Errorf("the key is gone: %v", err)
		}
	}
}

func TestNewSignerWithoutKey(t *testing.T) {
	for _, key := range []*ecdsa.PrivateKey{nil, {}} {
		if _, err := NewSigner(key, Std, Options{}); err == nil || err.Error() != "p384: there is no private key" {
			t.Errorf("got %v", err)
		}
	}
}
