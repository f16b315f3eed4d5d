package accel

import (
	"fmt"
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

func TestUsed(t *testing.T) {
	tests := []struct {
		spec  handshake.Spec
		suite handshake.Suite
		want  string
	}{
		{handshake.Spec{Group: handshake.X25519, Signature: handshake.ECDSAP384}, handshake.AES128GCM,
			"[aes-gcm sha-256 hkdf x25519 ecdsa-p384 sign]"},
		{handshake.Spec{Group: handshake.P384, Signature: handshake.ECDSAP384, Mutual: true}, handshake.AES256GCM,
			"[aes-gcm sha-384 hkdf ecdh-p384 ecdsa-p384 sign ecdsa-p384 verify]"},
		{handshake.Spec{Kind: handshake.Resumed, Group: handshake.X25519MLKEM768, Signature: handshake.RSAPSS2048, Mutual: true},
			handshake.ChaCha20Poly1305, "[chacha20-poly1305 sha-256 hkdf x25519 ml-kem]"},
		{handshake.Spec{Group: handshake.SecP256r1MLKEM768, Signature: handshake.Ed25519, Suite: handshake.AES128GCM}, 0,
			"[aes-gcm sha-256 hkdf ecdh-p256 ml-kem ed25519 sign]"},
		{handshake.Spec{}, 0, "[]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(Used(tt.spec, tt.suite)); got != tt.want {
			t.Errorf("%v, %v:\ngot  %s\nwant %s", tt.spec, tt.suite, got, tt.want)
		}
	}
}
