package p384

import (
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"slices"
	"sync"
	"testing"
	"unsafe"
)

// below collects what stands on the stack below its caller, where functions that have returned had their numbers.
//
//go:noinline
func below(words []uint64) {
	var here uint64
	at := unsafe.Pointer(&here)
	for i := range words {
		words[i] = *(*uint64)(unsafe.Add(at, -8*(i+1)))
	}
}

// deepen makes the stack large enough for below to stay on it.
//
//go:noinline
func deepen(n int) byte {
	var frame [1024]byte
	if n == 0 {
		return frame[3]
	}
	return deepen(n-1) + frame[n]
}

// limbs are the words of a number as arithmetic and as octets keep them.
func limbs(x *[6]uint64) []uint64 {
	var b [size]byte
	octets(&b, x)
	words := slices.Clone(x[:])
	for i := 0; i < size; i += 8 {
		words = append(words, *(*uint64)(unsafe.Pointer(&b[i])))
	}
	return words
}

// Neither the key nor a nonce stays on the stack of those who signed, whether they ran the batch or waited for it.
func TestStacksForget(t *testing.T) {
	if slowdown > 1 {
		t.Skip("the race detector has stack frames of its own")
	}
	const callers, depth = 64, 2000
	for _, path := range running(t) {
		if path == Std {
			continue
		}
		s := pathSigner(t, newKey(t), path, Options{Deterministic: true})
		var mu sync.Mutex
		left := 0
		var wait sync.WaitGroup
		for caller := range callers {
			wait.Go(func() {
				words, digest := make([]uint64, depth), sha512.Sum384([]byte{byte(caller)})
				secrets := secretsOf(t, s, digest[:])
				deepen(40)
				if _, err := s.Sign(rand.Reader, digest[:], crypto.SHA384); err != nil {
					t.Error(err)
				}
				below(words)
				mu.Lock()
				defer mu.Unlock()
				if slices.ContainsFunc(words, func(w uint64) bool { return slices.Contains(secrets, w) }) {
					left++
				}
			})
		}
		wait.Wait()
		if left > 0 {
			t.Errorf("%s: %d of %d callers leave a part of the key or the nonce on their stacks", path, left, callers)
		}
	}
}

// secretsOf are the words of the key and of the nonce that signs a digest deterministically.
func secretsOf(t *testing.T, s *Signer, digest []byte) []uint64 {
	var k, e [6]uint64
	setDigest(&e, digest)
	if err := s.nonce(&k, e); err != nil {
		t.Error(err)
	}
	return slices.Concat(limbs(&k), limbs(&s.d[0]))
}
