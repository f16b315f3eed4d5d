package p384

import (
	"bytes"
	"crypto/sha512"
	"crypto/subtle"
	"encoding"
	"hash"
	"io"
)

// drbg is the HMAC_DRBG of SP 800-90A as far as nonces need it. It allocates only when it is made.
//
// Every key is used several times, and hashing its pads is two of the four blocks of a short HMAC. So the states of
// the hash after the pads are kept, and a nonce takes 18 blocks instead of 24.
type drbg struct {
	hash         hash.Hash
	zero         [2][]byte // states after the inner and the outer pad of the key that is all zeros
	inner, outer []byte    // the same of the key now
	message      [304]byte // V, a separator, and what the instance is seeded with
	key          [sha512.Size]byte
	pad          [sha512.BlockSize]byte
}

func newDRBG(h hash.Hash) *drbg {
	g := &drbg{hash: h}
	g.rekey()
	g.zero = [2][]byte{append([]byte(nil), g.inner...), append([]byte(nil), g.outer...)}
	return g
}

// hedge seeds as crypto/ecdsa does for a signature with randomness: by section 4 of
// draft-irtf-cfrg-det-sigs-with-noise-04, with the randomness, the private key and the reduced digest each beginning
// a block of its own. The hash is SHA-512.
func (g *drbg) hedge(random io.Reader, d, e *[size]byte) error {
	clear(g.message[sha512.Size:])
	if err := draw(random, g.message[sha512.Size+1:][:size]); err != nil {
		return err
	}
	copy(g.message[sha512.BlockSize:], d[:])
	copy(g.message[2*sha512.BlockSize:], e[:])
	g.instantiate(2*sha512.BlockSize + size)
	return nil
}

// determine seeds by RFC 6979, section 3.2, with the private key and the reduced digest. The hash is SHA-384.
func (g *drbg) determine(d, e *[size]byte) {
	copy(g.message[size+1:], d[:])
	copy(g.message[2*size+1:], e[:])
	g.instantiate(3*size + 1)
}

// instantiate is HMAC_DRBG_Instantiate; what is behind V and the separator in the first n bytes of the message is
// the seed.
func (g *drbg) instantiate(n int) {
	v := g.v()
	for i := range v {
		v[i] = 1
	}
	g.inner, g.outer = append(g.inner[:0], g.zero[0]...), append(g.outer[:0], g.zero[1]...)
	for separator := range 2 {
		g.message[len(v)] = byte(separator)
		g.update(n)
	}
}

// update sets K = HMAC(K, the first n bytes of the message), V = HMAC(K, V).
func (g *drbg) update(n int) {
	g.sum(g.key[:0], n)
	g.rekey()
	g.step()
}

// next sets k to the first candidate of the stream that is a scalar other than zero, as FIPS 186-5, appendix A.3.2,
// asks. Nothing but the number of candidates shows in the time that it takes.
func (g *drbg) next(k *[6]uint64) {
	for g.candidate(k); !usable(k); g.candidate(k) {
		v := g.v()
		g.message[len(v)] = 0
		g.update(len(v) + 1)
	}
}

func (g *drbg) candidate(k *[6]uint64) {
	g.step()
	setOctets(k, (*[size]byte)(g.message[:]))
}

// step sets V = HMAC(K, V).
func (g *drbg) step() {
	v := g.v()
	g.sum(v[:0], len(v))
}

func (g *drbg) v() []byte { return g.message[:g.hash.Size()] }

// sum appends HMAC(K, the first n bytes of the message) to out.
func (g *drbg) sum(out []byte, n int) {
	g.restore(g.inner)
	g.hash.Write(g.message[:n])
	digest := g.hash.Sum(g.pad[:0])
	g.restore(g.outer)
	g.hash.Write(digest)
	g.hash.Sum(out)
}

// The bytes that HMAC adds to a key.
var (
	innerPad = [sha512.BlockSize]byte(bytes.Repeat([]byte{0x36}, sha512.BlockSize))
	outerPad = [sha512.BlockSize]byte(bytes.Repeat([]byte{0x5c}, sha512.BlockSize))
)

// rekey makes key the key of the HMAC.
func (g *drbg) rekey() {
	g.inner = g.afterPad(g.inner, &innerPad)
	g.outer = g.afterPad(g.outer, &outerPad)
}

func (g *drbg) afterPad(state []byte, pad *[sha512.BlockSize]byte) []byte {
	g.pad = *pad
	subtle.XORBytes(g.pad[:], g.key[:g.hash.Size()], pad[:])
	g.hash.Reset()
	g.hash.Write(g.pad[:])
	state, err := g.hash.(encoding.BinaryAppender).AppendBinary(state[:0])
	if err != nil {
		panic("p384: " + err.Error()) // crypto/sha512 knows no such error
	}
	return state
}

func (g *drbg) restore(state []byte) {
	if err := g.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic("p384: " + err.Error()) // the state is one that the same hash wrote
	}
}

// wipe forgets what was seeded and what followed from it.
func (g *drbg) wipe() {
	clear(g.message[:])
	clear(g.key[:])
	clear(g.pad[:])
	clear(g.inner)
	clear(g.outer)
	g.restore(g.zero[0])
}
