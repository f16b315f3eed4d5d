package vaesgcm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

func requireAvailable(t testing.TB) {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
}

// A source gives the same bytes to every run.
type source struct{ *rand.ChaCha8 }

func newSource() source { return source{rand.NewChaCha8([32]byte{1})} }

func (s source) bytes(n int) []byte {
	b := make([]byte, n)
	s.Read(b)
	return b
}

func (s source) below(n int) int { return int(s.Uint64() % uint64(n)) }

func newOurs(t testing.TB, key []byte) *AEAD {
	t.Helper()
	ours, err := New(key)
	if err != nil {
		t.Fatal(err)
	}
	return ours
}

func newStd(t testing.TB, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	std, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return std
}

func checkAgainstStd(t *testing.T, key, nonce, plaintext, additional []byte) {
	t.Helper()
	ours := newOurs(t, key)
	want := newStd(t, key).Seal(nil, nonce, plaintext, additional)
	if got := ours.Seal(nil, nonce, plaintext, additional); !bytes.Equal(got, want) {
		t.Fatalf("AES-%d, %d bytes, %d additional: sealed\n%x, want\n%x",
			8*len(key), len(plaintext), len(additional), got, want)
	}
	if got, err := ours.Open(nil, nonce, want, additional); err != nil || !bytes.Equal(got, plaintext) {
		t.Fatalf("AES-%d, %d bytes, %d additional: opened\n%x, %v, want\n%x",
			8*len(key), len(plaintext), len(additional), got, err, plaintext)
	}
}

// lengths are all small ones, those around a second chunk, around a second and a fourth call, and one of more than
// 65536 blocks.
func lengths() []int {
	all := []int{1<<20 + 37}
	for n := range 601 {
		all = append(all, n)
	}
	for _, near := range []int{1024, 16 << 10, 48<<10 + 512} {
		for n := near - 17; n <= near+17; n++ {
			all = append(all, n)
		}
	}
	return all
}

func TestSameAsStd(t *testing.T) {
	requireAvailable(t)
	random := newSource()
	for _, size := range []int{16, 32} {
		for _, n := range lengths() {
			checkAgainstStd(t, random.bytes(size), random.bytes(12), random.bytes(n), random.bytes(random.below(40)))
		}
	}
}

func TestSameAsStdAdditionalData(t *testing.T) {
	requireAvailable(t)
	random := newSource()
	for n := range 1100 {
		checkAgainstStd(t, random.bytes(16), random.bytes(12), random.bytes(random.below(100)), random.bytes(n))
	}
}

// The test cases of the paper that proposed GCM (McGrew and Viega, appendix B) that have nonces of 12 bytes and keys
// of 16 or 32.
func TestKnownAnswers(t *testing.T) {
	requireAvailable(t)
	const (
		zeros      = "00000000000000000000000000000000"
		key        = "feffe9928665731c6d6a8f9467308308"
		nonce      = "cafebabefacedbaddecaf888"
		additional = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
		short      = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
			"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
		short128 = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
			"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
		short256 = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
			"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	)
	for _, c := range []struct{ key, nonce, plaintext, additional, want string }{
		{zeros, zeros[:24], "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
		{zeros, zeros[:24], zeros, "", "0388dace60b6a392f328c2b971b2fe78" + "ab6e47d42cec13bdf53a67b21257bddf"},
		{key, nonce, short + "1aafd255", "", short128 + "473f5985" + "4d5c2af327cd64a62cf35abd2ba6fab4"},
		{key, nonce, short, additional, short128 + "5bc94fbc3221a5db94fae95ae7121a47"},
		{zeros + zeros, zeros[:24], "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
		{zeros + zeros, zeros[:24], zeros, "", "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919"},
		{key + key, nonce, short + "1aafd255", "", short256 + "898015ad" + "b094dac5d93471bdec1a502270e3cc6c"},
		{key + key, nonce, short, additional, short256 + "76fc6ece0f4e1768cddf8853bb2d551b"},
	} {
		ours := newOurs(t, unhex(t, c.key))
		sealed := ours.Seal(nil, unhex(t, c.nonce), unhex(t, c.plaintext), unhex(t, c.additional))
		if got := hex.EncodeToString(sealed); got != c.want {
			t.Errorf("key %s, plaintext %q: sealed %s, want %s", c.key, c.plaintext, got, c.want)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// In place, and at every distance from an aligned address; the bytes around the output stay as they were.
func TestInPlace(t *testing.T) {
	requireAvailable(t)
	random := newSource()
	key, nonce, additional := random.bytes(16), random.bytes(12), random.bytes(13)
	ours, std := newOurs(t, key), newStd(t, key)
	for _, n := range []int{0, 1, 16, 63, 64, 65, 511, 512, 513, 1600, 16<<10 + 5} {
		for offset := range 64 {
			room := random.bytes(offset + n + 16 + 64)
			text := room[offset:][:n]
			plaintext, around := bytes.Clone(text), bytes.Clone(room)
			want := std.Seal(nil, nonce, text, additional)
			sealed := ours.Seal(text[:0], nonce, text, additional)
			copy(around[offset:], want)
			if !bytes.Equal(sealed, want) || !bytes.Equal(room, around) {
				t.Fatalf("%d bytes at %d: sealed %x, want %x", n, offset, room, around)
			}
			opened, err := ours.Open(sealed[:0], nonce, sealed, additional)
			copy(around[offset:], plaintext)
			if err != nil || !bytes.Equal(opened, plaintext) || !bytes.Equal(room, around) {
				t.Fatalf("%d bytes at %d: opened %x, %v, want %x", n, offset, room, err, around)
			}
		}
	}
}

func TestAppends(t *testing.T) {
	requireAvailable(t)
	random := newSource()
	ours, nonce, text := newOurs(t, random.bytes(32)), random.bytes(12), random.bytes(100)
	prefix := []byte("prefix")
	sealed := ours.Seal(prefix, nonce, text, nil)
	if want := append([]byte("prefix"), ours.Seal(nil, nonce, text, nil)...); !bytes.Equal(sealed, want) {
		t.Errorf("sealed %x, want %x", sealed, want)
	}
	opened, err := ours.Open(prefix, nonce, sealed[len(prefix):], nil)
	if want := append([]byte("prefix"), text...); err != nil || !bytes.Equal(opened, want) {
		t.Errorf("opened %x, %v, want %x", opened, err, want)
	}
}

func TestOpenRejectsEveryFlippedBit(t *testing.T) {
	requireAvailable(t)
	random := newSource()
	for _, n := range []int{0, 5, 80, 600} {
		ours := newOurs(t, random.bytes(16))
		nonce, additional := random.bytes(12), random.bytes(21)
		sealed := ours.Seal(nil, nonce, random.bytes(n), additional)
		for name, flipped := range map[string][]byte{"ciphertext": sealed, "nonce": nonce, "additional data": additional} {
			for bit := range 8 * len(flipped) {
				flipped[bit/8] ^= 1 << (bit % 8)
				out := random.bytes(n)
				if opened, err := ours.Open(out[:0], nonce, sealed, additional); err == nil || opened != nil {
					t.Errorf("%d bytes, bit %d of the %s flipped: opened %x, %v", n, bit, name, opened, err)
				}
				if !bytes.Equal(out, make([]byte, n)) {
					t.Errorf("%d bytes, bit %d of the %s flipped: left %x", n, bit, name, out)
				}
				flipped[bit/8] ^= 1 << (bit % 8)
			}
		}
		if _, err := ours.Open(nil, nonce, sealed, additional); err != nil {
			t.Errorf("%d bytes as sealed: %v", n, err)
		}
	}
}

func TestOpenRejectsShort(t *testing.T) {
	requireAvailable(t)
	ours := newOurs(t, make([]byte, 16))
	for n := range overhead {
		if opened, err := ours.Open(nil, make([]byte, 12), make([]byte, n), nil); err == nil {
			t.Errorf("%d bytes: opened %x", n, opened)
		}
	}
}

func TestPanics(t *testing.T) {
	requireAvailable(t)
	ours, room, nonce := newOurs(t, make([]byte, 16)), make([]byte, 200), make([]byte, 12)
	for name, call := range map[string]func(){
		"seal, nonce of 11":      func() { ours.Seal(nil, nonce[:11], nil, nil) },
		"seal, nonce of 13":      func() { ours.Seal(nil, room[:13], nil, nil) },
		"seal, output behind":    func() { ours.Seal(room[1:1], nonce, room[:64], nil) },
		"seal, output before":    func() { ours.Seal(room[:0], nonce, room[1:64], nil) },
		"seal, tag on input":     func() { ours.Seal(room[:0], nonce, room[31:47], nil) },
		"seal, additional data":  func() { ours.Seal(room[:0], nonce, nil, room[15:20]) },
		"open, nonce of 11":      func() { ours.Open(nil, nonce[:11], room[:16], nil) },
		"open, output behind":    func() { ours.Open(room[1:1], nonce, room[:64], nil) },
		"open, output on tag":    func() { ours.Open(room[63:63], nonce, room[:64], nil) },
		"open, additional data":  func() { ours.Open(room[:0], nonce, room[100:117], room[:1]) },
		"open, in place, prefix": func() { ours.Open(room[:8], nonce, room[:64], nil) },
	} {
		if !panics(call) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// What only touches is no overlap.
func TestNeighboursAreNoOverlap(t *testing.T) {
	requireAvailable(t)
	ours, room, nonce := newOurs(t, make([]byte, 16)), make([]byte, 200), make([]byte, 12)
	for name, call := range map[string]func(){
		"input after the tag": func() { ours.Seal(room[:0], nonce, room[32:48], room[48:50]) },
		"input before output": func() { ours.Seal(room[16:16], nonce, room[:16], nil) },
		"prefix is the input": func() { ours.Seal(room[:16], nonce, room[:16], nil) },
	} {
		if panics(call) {
			t.Errorf("%s: a panic", name)
		}
	}
}

func panics(call func()) (did bool) {
	defer func() { did = recover() != nil }()
	call()
	return false
}

func FuzzSameAsStd(f *testing.F) {
	requireAvailable(f)
	f.Add([]byte("key"), []byte("nonce"), []byte("plaintext"), []byte("additional data"))
	f.Add([]byte{}, []byte{}, make([]byte, 512), make([]byte, 17))
	f.Add(make([]byte, 17), []byte{}, make([]byte, 1025), []byte{})
	f.Fuzz(func(t *testing.T, key, nonce, plaintext, additional []byte) {
		size := 16
		if len(key) > size {
			size = 32
		}
		checkAgainstStd(t, fit(key, size), fit(nonce, 12), plaintext, additional)
	})
}

// fit cuts b to n bytes, or adds zeros.
func fit(b []byte, n int) []byte {
	fitted := make([]byte, n)
	copy(fitted, b)
	return fitted
}
