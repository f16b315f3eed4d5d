package counted

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// sealer is the half of a cipher.AEAD that is timed.
type sealer interface {
	Seal(dst, nonce, plaintext, additional []byte) []byte
}

// The lengths are those of every suite of TLS 1.3.
const (
	nonceSize  = 12
	headerSize = 5
	tagSize    = 16
)

// seal seals records with a key of so many bytes.
func seal(keySize int, by func(key []byte) (sealer, error)) func(size int) preparation {
	return func(size int) preparation {
		return func(keys) (operation, error) {
			aead, err := by(make([]byte, keySize))
			if err != nil {
				return nil, err
			}
			nonce, header, plain := make([]byte, nonceSize), make([]byte, headerSize), make([]byte, size)
			sealed := make([]byte, 0, size+tagSize)
			return func() error { aead.Seal(sealed, nonce, plain, header); return nil }, nil
		}
	}
}

func newAESGCM(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// newChaCha20Poly1305 is the module that the standard library has a copy of.
func newChaCha20Poly1305(key []byte) (sealer, error) { return chacha20poly1305.New(key) }

func sum(algorithm func() hash.Hash, size int) preparation {
	return func(keys) (operation, error) {
		h, text, into := algorithm(), make([]byte, size), make([]byte, 0, sha512.Size)
		return func() error {
			h.Reset()
			h.Write(text)
			h.Sum(into)
			return nil
		}, nil
	}
}

// deriveKey is one step of the key schedule.
func deriveKey(algorithm func() hash.Hash) preparation {
	return func(keys) (operation, error) {
		size := algorithm().Size()
		secret, salt := make([]byte, size), make([]byte, size)
		return func() error {
			key, err := hkdf.Extract(algorithm, secret, salt)
			if err == nil {
				_, err = hkdf.Expand(algorithm, key, "tls13 c hs traffic", size)
			}
			return err
		}, nil
	}
}
