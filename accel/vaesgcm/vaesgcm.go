// Package vaesgcm seals with AES-GCM by the 512-bit instructions that crypto/cipher leaves unused: VAES and VPCLMULQDQ.
//
// It is a measuring instrument. crypto/cipher works on 128 bits at a time (AES-NI, PCLMULQDQ), crypto/tls cannot be
// given another AEAD, and what that costs can be known on the machine itself only. Nothing here is for the records of
// real connections: the code is neither reviewed nor validated, and outside every FIPS module.
//
// [Available] says whether the processor, the operating system and GODEBUG allow it, [New] makes a cipher.AEAD that
// gives the bytes that cipher.NewGCM gives. The time of a call depends on lengths, and on whether a tag fits. Vector
// registers are cleared after use; keys stay in memory for as long as the garbage collector leaves them there.
package vaesgcm

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg vaesgcm

import (
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"unsafe"
)

const (
	nonceSize = 12
	overhead  = 16
	longest   = (1<<32 - 2) * 16 // bytes that one nonce has counters for
)

var errOpen = errors.New("message authentication failed")

// AEAD is AES-GCM with nonces of 12 bytes and tags of 16. Goroutines may share it.
type AEAD struct{ schedule schedule }

var _ cipher.AEAD = &AEAD{}

// Available returns nil where New works, and otherwise an error that names what is missing.
func Available() error { return available() }

// New makes AES-128-GCM of a key of 16 bytes and AES-256-GCM of one of 32. Its errors are those of [Available], and
// keys of other lengths.
func New(key []byte) (*AEAD, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if len(key) != 16 && len(key) != 32 {
		return nil, fmt.Errorf("key of %d bytes: give 16 for AES-128 or 32 for AES-256", len(key))
	}
	a := &AEAD{}
	a.schedule.expand(key)
	return a, nil
}

// NonceSize is 12.
func (a *AEAD) NonceSize() int { return nonceSize }

// Overhead is 16, the length of the tag.
func (a *AEAD) Overhead() int { return overhead }

// Seal appends the encrypted plaintext and its tag to dst, under the rules of cipher.AEAD. It panics where a length or
// an overlap breaks them.
func (a *AEAD) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	if uint64(len(plaintext)) > longest {
		panic("vaesgcm: message too long")
	}
	all, out := grow(dst, len(plaintext)+overhead)
	checkArguments(out, nonce, plaintext, additionalData)
	tag := a.schedule.seal(out, (*[nonceSize]byte)(nonce), plaintext, additionalData)
	copy(out[len(plaintext):], tag[:])
	return all
}

// Open appends the plaintext to dst, under the rules of cipher.AEAD. It panics as Seal does. Where the tag does not fit,
// or ciphertext has no room for one, it returns an error, and what it had decrypted is cleared.
func (a *AEAD) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	if len(ciphertext) < overhead || uint64(len(ciphertext)) > longest+overhead {
		return nil, errOpen
	}
	body, want := ciphertext[:len(ciphertext)-overhead], ciphertext[len(ciphertext)-overhead:]
	all, out := grow(dst, len(body))
	checkArguments(out, nonce, ciphertext, additionalData)
	tag := a.schedule.open(out, (*[nonceSize]byte)(nonce), body, additionalData)
	if subtle.ConstantTimeCompare(tag[:], want) != 1 {
		clear(out)
		return nil, errOpen
	}
	return all, nil
}

// grow returns dst with n bytes more, and those bytes.
func grow(dst []byte, n int) (all, added []byte) {
	all = slices.Grow(dst, n)[:len(dst)+n]
	return all, all[len(dst):]
}

func checkArguments(out, nonce, in, additionalData []byte) {
	if len(nonce) != nonceSize {
		panic("vaesgcm: nonce must have 12 bytes")
	}
	if overlap(out, in) && &out[0] != &in[0] {
		panic("vaesgcm: output overlaps input elsewhere than at its start")
	}
	if overlap(out, additionalData) {
		panic("vaesgcm: output overlaps additional data")
	}
}

func overlap(x, y []byte) bool {
	return len(x) > 0 && len(y) > 0 && !(before(x, y) || before(y, x))
}

// before says whether x ends before y begins.
func before(x, y []byte) bool {
	return uintptr(unsafe.Pointer(&x[len(x)-1])) < uintptr(unsafe.Pointer(&y[0]))
}
