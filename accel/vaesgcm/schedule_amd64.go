//go:build !purego

package vaesgcm

import (
	"errors"
	"strings"
	"unsafe"

	"golang.org/x/sys/cpu"
)

const (
	chunk   = 512      // bytes that the loops of the assembly take at a time
	longRun = 16 << 10 // bytes in one call of it, which the scheduler cannot interrupt: less than 2 µs
)

// schedule is a key as the assembly wants it: round keys, and powers of the hash key.
type schedule struct {
	blocks [56][16]byte
	rounds int
}

func available() error {
	var missing []string
	for _, f := range []struct {
		has  bool
		name string
	}{
		{cpu.X86.HasAES, "aes"}, {cpu.X86.HasPCLMULQDQ, "pclmulqdq"}, {cpu.X86.HasBMI2, "bmi2"},
		{cpu.X86.HasAVX512F, "avx512f"}, {cpu.X86.HasAVX512BW, "avx512bw"}, {cpu.X86.HasAVX512VL, "avx512vl"},
		{cpu.X86.HasAVX512VAES, "avx512vaes"}, {cpu.X86.HasAVX512VPCLMULQDQ, "avx512vpclmulqdq"},
	} {
		if !f.has {
			missing = append(missing, f.name)
		}
	}
	if missing == nil {
		return nil
	}
	return errors.New("no " + strings.Join(missing, ", ") + ": look at the processor, the hypervisor and GODEBUG")
}

func (s *schedule) expand(key []byte) {
	if len(key) == 16 {
		s.rounds = 10
		expand128(&s.blocks, (*[16]byte)(key))
	} else {
		s.rounds = 14
		expand256(&s.blocks, (*[32]byte)(key))
	}
	powers(&s.blocks, s.rounds)
}

// seal encrypts plaintext to dst and returns the tag.
func (s *schedule) seal(dst []byte, nonce *[12]byte, plaintext, additional []byte) (tag [16]byte) {
	s.hash(&tag, additional)
	total, counter := len(plaintext), 2 // counter 1 covers the tag
	for len(plaintext) >= chunk {
		n := min(len(plaintext), longRun) / chunk
		sealChunks(&s.blocks, s.rounds, nonce, counter, &tag, &dst[0], &plaintext[0], n)
		dst, plaintext, counter = dst[n*chunk:], plaintext[n*chunk:], counter+n*chunk/16
	}
	sealTail(&s.blocks, s.rounds, nonce, counter, &tag, unsafe.SliceData(dst), unsafe.SliceData(plaintext),
		len(plaintext), len(additional), total)
	return tag
}

// open decrypts ciphertext, which has no tag, to dst and returns the tag that it should have.
func (s *schedule) open(dst []byte, nonce *[12]byte, ciphertext, additional []byte) (tag [16]byte) {
	s.hash(&tag, additional)
	total, counter := len(ciphertext), 2
	for len(ciphertext) >= chunk {
		n := min(len(ciphertext), longRun) / chunk
		openChunks(&s.blocks, s.rounds, nonce, counter, &tag, &dst[0], &ciphertext[0], n)
		dst, ciphertext, counter = dst[n*chunk:], ciphertext[n*chunk:], counter+n*chunk/16
	}
	openTail(&s.blocks, s.rounds, nonce, counter, &tag, unsafe.SliceData(dst), unsafe.SliceData(ciphertext),
		len(ciphertext), len(additional), total)
	return tag
}

// hash adds the additional data, padded to whole blocks, to digest.
func (s *schedule) hash(digest *[16]byte, additional []byte) {
	for len(additional) > 0 {
		n := min(len(additional), chunk)
		hash(&s.blocks, digest, &additional[0], n)
		additional = additional[n:]
	}
}
