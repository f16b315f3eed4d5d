package counted

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
)

// rsaKey reads a key, or makes one where there is none to read.
func rsaKey(pkcs8 []byte) (*rsa.PrivateKey, error) {
	if pkcs8 == nil {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	key, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not an RSA key")
	}
	return private, nil
}

// primitives are the operations of handshakes and records that have assembly in some build on some machine.
func primitives() []primitive {
	return []primitive{
		{"aes-128-gcm 64 B", aesGCM(64)},
		{"aes-128-gcm 1 kB", aesGCM(1 << 10)},
		{"aes-128-gcm 16 kB", aesGCM(16 << 10)},
		{"chacha20-poly1305 16 kB", chacha20Poly1305(16 << 10)},
		{"sha-256 1 kB", sum256(1 << 10)},
		{"sha-256 8 kB", sum256(8 << 10)},
		{"sha-384 8 kB", sum384(8 << 10)},
		{"hkdf-sha-256", deriveKey},
		{"x25519", agree(ecdh.X25519())},
		{"ecdh-p256", agree(ecdh.P256())},
		{"ecdh-p384", agree(ecdh.P384())},
		{"ecdsa-p256 sign", signECDSA(elliptic.P256())},
		{"ecdsa-p256 verify", verifyECDSA(elliptic.P256())},
		{"ecdsa-p384 sign", signECDSA(elliptic.P384())},
		{"ecdsa-p384 verify", verifyECDSA(elliptic.P384())},
		{"ed25519 sign", signEd25519},
		{"ed25519 verify", verifyEd25519},
		{"rsa-pss-2048 sign", signRSA},
		{"ml-kem-768 encapsulate", encapsulate},
		{"ml-kem-768 decapsulate", decapsulate},
	}
}

func aesGCM(size int) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		block, err := aes.NewCipher(make([]byte, 16))
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		nonce, header, plain := make([]byte, aead.NonceSize()), make([]byte, 5), make([]byte, size)
		sealed := make([]byte, 0, size+aead.Overhead())
		return func() error { aead.Seal(sealed, nonce, plain, header); return nil }, nil
	}
}

// chacha20Poly1305 reaches the standard library's own by way of HPKE, which adds little to so long a text.
func chacha20Poly1305(size int) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		key, err := hpke.DHKEM(ecdh.X25519()).GenerateKey()
		if err != nil {
			return nil, err
		}
		_, sender, err := hpke.NewSender(key.PublicKey(), hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), nil)
		if err != nil {
			return nil, err
		}
		header, plain := make([]byte, 5), make([]byte, size)
		return func() error { _, err := sender.Seal(header, plain); return err }, nil
	}
}

func sum256(size int) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		text := make([]byte, size)
		return func() error { sha256.Sum256(text); return nil }, nil
	}
}

func sum384(size int) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		text := make([]byte, size)
		return func() error { sha512.Sum384(text); return nil }, nil
	}
}

// deriveKey is one step of the key schedule.
func deriveKey(*rsa.PrivateKey) (operation, error) {
	secret, salt := make([]byte, 32), make([]byte, 32)
	return func() error {
		key, err := hkdf.Extract(sha256.New, secret, salt)
		if err == nil {
			_, err = hkdf.Expand(sha256.New, key, "tls13 c hs traffic", 32)
		}
		return err
	}, nil
}

func agree(curve ecdh.Curve) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		mine, err := curve.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		its, err := curve.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return func() error { _, err := mine.ECDH(its.PublicKey()); return err }, nil
	}
}

// digest is as long as the hash of both schemes demands at most.
var digest = sha512.Sum384([]byte("digest"))

func signECDSA(curve elliptic.Curve) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		return func() error { _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); return err }, err
	}
}

var errRejected = errors.New("the signature was rejected")

func verifyECDSA(curve elliptic.Curve) preparation {
	return func(*rsa.PrivateKey) (operation, error) {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			return nil, err
		}
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return func() error {
			if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
				return errRejected
			}
			return nil
		}, err
	}
}

func signEd25519(*rsa.PrivateKey) (operation, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return func() error { ed25519.Sign(key, digest[:]); return nil }, err
}

func verifyEd25519(*rsa.PrivateKey) (operation, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	signature := ed25519.Sign(key, digest[:])
	return func() error {
		if !ed25519.Verify(public, digest[:], signature) {
			return errRejected
		}
		return nil
	}, nil
}

func signRSA(key *rsa.PrivateKey) (operation, error) {
	sum := sha256.Sum256(digest[:])
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return func() error { _, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], options); return err }, nil
}

func encapsulate(*rsa.PrivateKey) (operation, error) {
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, err
	}
	public := key.EncapsulationKey()
	return func() error { public.Encapsulate(); return nil }, nil
}

func decapsulate(*rsa.PrivateKey) (operation, error) {
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, err
	}
	_, sealed := key.EncapsulationKey().Encapsulate()
	return func() error { _, err := key.Decapsulate(sealed); return err }, nil
}
