package vaesgcm_test

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"github.com/tlslab/tlslab/accel/vaesgcm"
)

// Where the machine lacks the instructions, crypto/cipher gives the same bytes.
func Example() {
	key, nonce := make([]byte, 16), make([]byte, 12)
	var aead cipher.AEAD
	aead, err := vaesgcm.New(key)
	if err != nil {
		block, _ := aes.NewCipher(key)
		aead, _ = cipher.NewGCM(block)
	}
	fmt.Printf("%x\n", aead.Seal(nil, nonce, make([]byte, 16), nil))
	// Output: 0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf
}
