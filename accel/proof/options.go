package proof

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tlslab/tlslab/accel/p384"
	"github.com/tlslab/tlslab/handshake"
)

// option makes an operation, or says why it cannot be had here.
type option struct {
	subject, option, what string
	times                 int // that one call does it
	make                  func() (func() error, error)
}

// atOnce is how many goroutines sign where batches are timed.
const atOnce = 8

// options are in the order of the table; the first of a subject is what the others are compared with.
func options() []option {
	all := []option{
		{"suite", handshake.AES128GCM.String(), "seal 16 kB", 1, aesGCM(16)},
		{"suite", handshake.AES256GCM.String(), "seal 16 kB", 1, aesGCM(32)},
		{"suite", handshake.ChaCha20Poly1305.String(), "seal 16 kB", 1, chaCha20Poly1305},
		{"group", handshake.X25519.String(), "the server's share and secret", 1, agree(ecdh.X25519())},
		{"group", handshake.X25519MLKEM768.String(), "the server's share and secret", 1, agreeHybrid},
		{"group", handshake.P256.String(), "the server's share and secret", 1, agree(ecdh.P256())},
		{"group", handshake.P384.String(), "the server's share and secret", 1, agree(ecdh.P384())},
		{"certificate", handshake.ECDSAP256.String(), "sign", 1, signECDSA(elliptic.P256())},
		{"certificate", handshake.ECDSAP384.String(), "sign", 1, signECDSA(elliptic.P384())},
		{"certificate", handshake.Ed25519.String(), "sign", 1, signEd25519},
		{"certificate", handshake.RSAPSS2048.String(), "sign", 1, signRSA},
	}
	for _, n := range []int{1, atOnce} {
		for _, path := range append([]p384.Path{p384.Std}, labPaths()...) {
			all = append(all, option{"signer", string(path), fmt.Sprintf("sign, %d at once", n), n, signP384(path, n)})
		}
	}
	return all
}

// labPaths are the paths of accel/p384 that run here.
func labPaths() (paths []p384.Path) {
	for _, s := range p384.Paths() {
		if s.Path != p384.Std && s.Refused == "" {
			paths = append(paths, s.Path)
		}
	}
	return paths
}

// prepare makes all operations. What cannot run here is a timing already.
func prepare() (missing []Timing, all []operation, err error) {
	for _, o := range options() {
		run, err := o.make()
		if err == nil {
			err = run()
		}
		if err != nil {
			missing = append(missing, Timing{Subject: o.subject, Option: o.option, What: o.what, Missing: err.Error()})
			continue
		}
		all = append(all, operation{o.subject, o.option, o.what, o.times, run})
	}
	if len(all) == 0 {
		return nil, nil, errors.New("nothing can be timed here")
	}
	return missing, all, nil
}

func aesGCM(key int) func() (func() error, error) {
	return func() (func() error, error) {
		block, err := aes.NewCipher(make([]byte, key))
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		return seal(aead), err
	}
}

func chaCha20Poly1305() (func() error, error) {
	aead, err := chacha20poly1305.New(make([]byte, chacha20poly1305.KeySize))
	return seal(aead), err
}

func seal(aead cipher.AEAD) func() error {
	nonce, plain := make([]byte, 12), make([]byte, 16<<10)
	sealed := make([]byte, 0, len(plain)+16)
	return func() error { aead.Seal(sealed, nonce, plain, nil); return nil }
}

// agree is what a server does: a key of its own for every handshake, and the shared secret.
func agree(curve ecdh.Curve) func() (func() error, error) {
	return func() (func() error, error) {
		its, err := curve.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return func() error {
			mine, err := curve.GenerateKey(rand.Reader)
			if err == nil {
				_, err = mine.ECDH(its.PublicKey())
			}
			return err
		}, nil
	}
}

func agreeHybrid() (func() error, error) {
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, err
	}
	encoded := key.EncapsulationKey().Bytes()
	classic, err := agree(ecdh.X25519())()
	if err != nil {
		return nil, err
	}
	return func() error {
		its, err := mlkem.NewEncapsulationKey768(encoded)
		if err != nil {
			return err
		}
		its.Encapsulate()
		return classic()
	}, nil
}

var digest = sha512.Sum384([]byte("proof"))

func signECDSA(curve elliptic.Curve) func() (func() error, error) {
	return func() (func() error, error) {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		return sign(key, crypto.SHA384), err
	}
}

func signEd25519() (func() error, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return sign(key, crypto.Hash(0)), err
}

func signRSA() (func() error, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return sign(key, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA384}), err
}

func sign(key crypto.Signer, o crypto.SignerOpts) func() error {
	return func() error { _, err := key.Sign(rand.Reader, digest[:], o); return err }
}

// signP384 signs by a path of accel/p384, some goroutines at once.
func signP384(path p384.Path, atOnce int) func() (func() error, error) {
	return func() (func() error, error) {
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			return nil, err
		}
		signer := crypto.Signer(key)
		if path != p384.Std {
			if signer, err = p384.NewSigner(key, path, p384.Options{}); err != nil {
				return nil, err
			}
		}
		if atOnce == 1 {
			return sign(signer, crypto.SHA384), nil
		}
		return func() error { return together(atOnce, sign(signer, crypto.SHA384)) }, nil
	}
}

// together runs one call of each of n goroutines and gives an error of one of them.
func together(n int, run func() error) error {
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { errs[i] = run() })
	}
	running.Wait()
	return errors.Join(errs...)
}
