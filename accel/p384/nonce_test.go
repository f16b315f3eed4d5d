package p384

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"hash"
	"math/big"
	"testing"
	"testing/cryptotest"
	"testing/iotest"
)

// stream is HMAC_DRBG as SP 800-90A and RFC 6979 write it down.
type stream struct {
	hash func() hash.Hash
	k, v []byte
}

func (s *stream) mac(parts ...[]byte) []byte {
	h := hmac.New(s.hash, s.k)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

func newStream(h func() hash.Hash, seed []byte) *stream {
	s := &stream{hash: h, k: make([]byte, h().Size()), v: bytes.Repeat([]byte{1}, h().Size())}
	for separator := range 2 {
		s.k = s.mac(s.v, []byte{byte(separator)}, seed)
		s.v = s.mac(s.v)
	}
	return s
}

// candidate yields one number and goes on as after a number that was refused.
func (s *stream) candidate() [6]uint64 {
	s.v = s.mac(s.v)
	z := number([size]byte(s.v[:size]))
	s.k = s.mac(s.v, []byte{0})
	s.v = s.mac(s.v)
	return z
}

// hedgedSeed is what crypto/ecdsa seeds a stream with: every part begins a block of the hash, after V and a separator.
func hedgedSeed(random, d, e []byte) []byte {
	var zeros [sha512.BlockSize]byte
	return bytes.Join([][]byte{random, zeros[:128-64-1-48], d, zeros[:128-48], e}, nil)
}

// The answer that the self-test knows is the reference's. The digest of "sample" is less than the order.
func TestHedgedAnswer(t *testing.T) {
	secret, digest := known(knownKey), sha512.Sum384([]byte("sample"))
	want := newStream(sha512.New, hedgedSeed(make([]byte, size), secret[:], digest[:])).candidate()
	if got := number(known(hedgedK)); got != want {
		t.Errorf("got %x, want %x", got, toBig(&want))
	}
}

func TestNonceStreams(t *testing.T) {
	var random, d, e [size]byte
	for _, b := range [][]byte{random[:], d[:], e[:]} {
		rand.Read(b)
	}
	hedged := hedgedSeed(random[:], d[:], e[:])

	tests := []struct {
		name string
		hash func() hash.Hash
		seed func(g *drbg) error
		want *stream
	}{
		{"hedged", sha512.New, func(g *drbg) error {
			return g.hedge(bytes.NewReader(random[:]), &d, &e)
		}, newStream(sha512.New, hedged)},
		{"deterministic", sha512.New384, func(g *drbg) error {
			g.determine(&d, &e)
			return nil
		}, newStream(sha512.New384, append(d[:], e[:]...))},
	}
	for _, tt := range tests {
		g := newDRBG(tt.hash())
		for range 2 { // the second time after a wipe
			want := *tt.want
			if err := tt.seed(g); err != nil {
				t.Fatal(err)
			}
			for i := range 4 {
				var got [6]uint64
				g.candidate(&got)
				if want := want.candidate(); got != want {
					t.Errorf("%s: candidate %d: got %x, want %x", tt.name, i, got, want)
				}
				g.message[len(g.v())] = 0
				g.update(len(g.v()) + 1)
			}
			g.wipe()
		}
	}
}

// A draw that a test decides gives the very signatures of crypto/ecdsa: they have the same nonce.
func TestHedgedAsStandard(t *testing.T) {
	if boringCrypto {
		t.Skip("BoringCrypto makes nonces in its own way")
	}
	key := newKey(t)
	for seed := range uint64(50) {
		digest := sha512.Sum384([]byte{byte(seed)})
		cryptotest.SetGlobalRandom(t, seed)
		want, err := key.Sign(rand.Reader, digest[:], crypto.SHA384)
		if err != nil {
			t.Fatal(err)
		}
		s := oracleSigner(t, key, Options{})
		cryptotest.SetGlobalRandom(t, seed)
		if got := sign(t, s, digest[:]); !bytes.Equal(got, want) {
			t.Errorf("seed %d: got %x, want %x", seed, got, want)
		}
	}
}

func TestNonceNeedsRandom(t *testing.T) {
	broken := errors.New("no entropy")
	s := oracleSigner(t, newKey(t), Options{Random: iotest.ErrReader(broken)})
	if _, err := s.Sign(rand.Reader, make([]byte, size), crypto.SHA384); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// No two signatures of one digest share a nonce, and no bit of a nonce leans to one side.
func TestNoncesDiffer(t *testing.T) {
	s := oracleSigner(t, newKey(t), Options{})
	const draws = 2000
	seen := map[[6]uint64]bool{}
	var ones [384]int
	for range draws {
		var k [6]uint64
		if err := s.nonce(&k, [6]uint64{1}); err != nil {
			t.Fatal(err)
		}
		seen[k] = true
		for bit := range ones {
			ones[bit] += int(k[bit/64] >> (bit % 64) & 1)
		}
	}
	if len(seen) != draws {
		t.Errorf("%d nonces are distinct, want %d", len(seen), draws)
	}
	for bit, n := range ones { // six standard deviations
		if n < draws/2-135 || n > draws/2+135 {
			t.Errorf("bit %d is set in %d of %d nonces", bit, n, draws)
		}
	}
}

func TestWipe(t *testing.T) {
	g := newDRBG(sha512.New())
	var d, e [size]byte
	d[0], e[0] = 1, 2
	if err := g.hedge(nil, &d, &e); err != nil {
		t.Fatal(err)
	}
	var k [6]uint64
	g.next(&k)
	if usable(&k) != (k != [6]uint64{}) || toBig(&k).Cmp(elliptic.P384().Params().N) >= 0 {
		t.Errorf("nonce %x is out of range", k)
	}
	g.wipe()
	for _, b := range [][]byte{g.message[:], g.key[:], g.pad[:], g.inner, g.outer} {
		if new(big.Int).SetBytes(b).Sign() != 0 {
			t.Errorf("left behind: %x", b)
		}
	}
}
