package p384

import (
	"bufio"
	"compress/bzip2"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"go/build"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// compare judges a batch on every path and with crypto/ecdsa, and returns how many signatures are valid.
func compare(t *testing.T, batch []Signature) (valid int) {
	t.Helper()
	want := make([]bool, len(batch))
	for i, s := range batch {
		want[i] = ecdsa.VerifyASN1(s.Key, s.Digest, s.ASN1)
		if want[i] {
			valid++
		}
	}
	for _, path := range running(t) {
		got, err := path.Verify(batch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch {
			if got[i] != want[i] {
				t.Errorf("%s: signature %d of %d: got %v, want %v", path, i, len(batch), got[i], want[i])
			}
		}
	}
	if got := Verify(batch); !slices.Equal(got, want) {
		t.Errorf("Verify: got %v, want %v", got, want)
	}
	return valid
}

// signed returns n valid signatures, each by a key of its own.
func signed(t testing.TB, n int) []Signature {
	t.Helper()
	batch := make([]Signature, n)
	for i := range batch {
		key, digest := newKey(t), sha512.Sum384([]byte{byte(i)})
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA384)
		if err != nil {
			t.Fatal(err)
		}
		batch[i] = Signature{&key.PublicKey, digest[:], signature}
	}
	return batch
}

func TestVerifyLengths(t *testing.T) {
	all := signed(t, 19)
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 19} {
		if got := compare(t, all[:n]); got != n {
			t.Errorf("%d of %d are valid", got, n)
		}
	}
}

// One signature of a batch is spoiled, in every way and in every place.
func TestVerifySpoiled(t *testing.T) {
	if boringCrypto {
		t.Skip("BoringCrypto takes the negative of a coordinate for the coordinate")
	}
	other := newKey(t)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	move := func(s *Signature, to func(x, y *big.Int)) {
		x, y := coordinates(t, s.Key)
		to(x, y)
		s.Key = point(x, y)
	}
	p := elliptic.P384().Params().P
	ways := []struct {
		name string
		do   func(s *Signature)
		same bool // still valid
	}{
		{"digest", func(s *Signature) { s.Digest = append([]byte{s.Digest[0] ^ 1}, s.Digest[1:]...) }, false},
		{"digest short", func(s *Signature) { s.Digest = s.Digest[:47] }, false},
		{"digest empty", func(s *Signature) { s.Digest = nil }, false},
		{"digest long", func(s *Signature) { s.Digest = append(slices.Clone(s.Digest), 1, 2, 3) }, true},
		{"other key", func(s *Signature) { s.Key = &other.PublicKey }, false},
		{"other curve", func(s *Signature) { s.Key = &p256.PublicKey }, false},
		{"truncated", func(s *Signature) { s.ASN1 = s.ASN1[:90] }, false},
		{"last bit", func(s *Signature) { s.ASN1 = slices.Clone(s.ASN1); s.ASN1[len(s.ASN1)-1] ^= 1 }, false},
		{"key at infinity", func(s *Signature) { move(s, func(x, y *big.Int) { x.SetInt64(0); y.SetInt64(0) }) }, false},
		{"key negative", func(s *Signature) { move(s, func(x, y *big.Int) { y.Neg(y) }) }, false},
		{"key mirrored", func(s *Signature) { move(s, func(x, y *big.Int) { y.Sub(p, y) }) }, false},
		{"key off the curve", func(s *Signature) { move(s, func(x, y *big.Int) { y.Add(y, big.NewInt(1)) }) }, false},
		{"key of p", func(s *Signature) { move(s, func(x, y *big.Int) { x.Add(x, p) }) }, false},
		{"key of many bits", func(s *Signature) { move(s, func(x, y *big.Int) { x.Lsh(x, 40) }) }, false},
	}
	valid := signed(t, 9)
	for i, way := range ways {
		batch := slices.Clone(valid)
		way.do(&batch[i%len(batch)])
		want := len(batch) - 1
		if way.same {
			want++
		}
		if got := compare(t, batch); got != want {
			t.Errorf("%s: %d are valid, want %d", way.name, got, want)
		}
	}
}

// Keys that are not there are no reason to panic.
func TestVerifyNoKey(t *testing.T) {
	batch := signed(t, 3)
	batch[1].Key = nil
	batch[2].Key = new(ecdsa.PublicKey)
	for _, path := range running(t) {
		got, err := path.Verify(batch)
		if want := []bool{true, false, false}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", path, got, err, want)
		}
	}
	if _, err := Path("lab-quantum").Verify(batch); err == nil {
		t.Error("a path that there is not: want an error")
	}
}

// The signatures of NIST's validation programme (SigVer of FIPS 186-4), as the Go distribution has them.
func TestCAVP(t *testing.T) {
	name := filepath.Join(build.Default.GOROOT, "src/crypto/ecdsa/testdata/SigVer.rsp.bz2")
	file, err := os.Open(name)
	if err != nil {
		t.Skipf("this Go has come without its tests' data: %v", err)
	}
	defer file.Close()
	batch, want, err := readCAVP(bufio.NewScanner(bzip2.NewReader(file)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(batch) != 15 || !slices.Contains(want, true) || !slices.Contains(want, false) {
		t.Errorf("got %v, want 15 verdicts of both kinds", want)
	}
	compare(t, batch)
	for _, path := range running(t) {
		if got, err := path.Verify(batch); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", path, got, err, want)
		}
	}
}

// readCAVP reads the section for P-384 with SHA-384.
func readCAVP(lines *bufio.Scanner) (batch []Signature, valid []bool, err error) {
	inside := false
	values := map[string]*big.Int{}
	var digest [size]byte
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			inside = line == "[P-384,SHA-384]"
		}
		name, text, ok := strings.Cut(line, " = ")
		if !inside || !ok {
			continue
		}
		switch name {
		case "Msg":
			message, err := hex.DecodeString(text)
			if err != nil {
				return nil, nil, err
			}
			digest = sha512.Sum384(message)
		case "Result":
			r, s := fromBig(values["R"]), fromBig(values["S"])
			batch = append(batch, Signature{point(values["Qx"], values["Qy"]), slices.Clone(digest[:]), encode(&r, &s)})
			valid = append(valid, strings.HasPrefix(text, "P"))
		default:
			x, ok := new(big.Int).SetString(text, 16)
			if !ok {
				return nil, nil, fmt.Errorf("%s is no number", line)
			}
			values[name] = x
		}
	}
	return batch, valid, lines.Err()
}

// A signature that one path makes, all paths take.
func FuzzVerify(f *testing.F) {
	secret := known(knownKey)
	key := parseKey(f, secret[:])
	digest := sha512.Sum384([]byte("sample"))
	der, err := key.Sign(nil, digest[:], crypto.SHA384)
	if err != nil {
		f.Fatal(err)
	}
	for _, candidate := range malformed(der) {
		f.Add(candidate, digest[:])
	}
	paths := running(f)
	f.Fuzz(func(t *testing.T, der, digest []byte) {
		want := ecdsa.VerifyASN1(&key.PublicKey, digest, der)
		batch := slices.Repeat([]Signature{{&key.PublicKey, digest, der}}, 3)
		for _, path := range paths {
			got, err := path.Verify(batch)
			if err != nil || !slices.Equal(got, []bool{want, want, want}) {
				t.Errorf("%s: got %v, %v, want %v", path, got, err, want)
			}
		}
	})
}
