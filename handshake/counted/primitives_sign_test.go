package counted

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tlslab/tlslab/accel/p384"
)

// keys is what an order says of keys.
type keys struct {
	rsa  *rsa.PrivateKey
	path p384.Path // that signs with a P-384 key
}

func newKeys(o Timing) (keys, error) {
	private, err := rsaKey(o.RSA)
	return keys{private, pathOf(o.Accel)}, err
}

// pathOf is the path that a server with this accel takes.
func pathOf(accel string) p384.Path {
	if accel != "auto" {
		return cmp.Or(p384.Path(accel), p384.Std)
	}
	all := p384.Paths()
	at := slices.IndexFunc(all, func(s p384.Status) bool { return s.Refused == "" })
	if at < 0 {
		return p384.Std
	}
	return all[at].Path
}

func TestSignerOfOrder(t *testing.T) {
	want := map[string]string{"": "*ecdsa.PrivateKey", "std": "*ecdsa.PrivateKey"}
	for _, s := range slices.Backward(p384.Paths()) {
		if s.Refused == "" && s.Path != p384.Std {
			want[string(s.Path)], want["auto"] = "*p384.Signer", "*p384.Signer"
		}
	}
	for accel, kind := range want {
		signer, err := keys{path: pathOf(accel)}.p384()
		if got := fmt.Sprintf("%T", signer); err != nil || got != kind {
			t.Errorf("accel %q: got %s, %v, want %s", accel, got, err, kind)
		}
	}
	if _, err := (primitive{make: signP384}).prepare(keys{path: "lab-none"}); err == nil {
		t.Error("a path that there is not signs")
	}
}

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

// p384 is a signer with a new key.
func (k keys) p384() (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil || k.path == p384.Std {
		return key, err
	}
	return p384.NewSigner(key, k.path, p384.Options{})
}

// digest is as long as the hash of both schemes demands at most.
var digest = sha512.Sum384([]byte("digest"))

func signP384(k keys) (operation, error) {
	key, err := k.p384()
	return func() error { return signDigest(key) }, err
}

func signDigest(key crypto.Signer) error {
	_, err := key.Sign(rand.Reader, digest[:], crypto.SHA384)
	return err
}

// signP384AtOnce has so many goroutines sign with one key at the same time.
func signP384AtOnce(goroutines int) preparation {
	return func(k keys) (operation, error) {
		key, err := k.p384()
		return func() error {
			var done sync.WaitGroup
			errs := make([]error, goroutines)
			for i := range errs {
				done.Go(func() { errs[i] = signDigest(key) })
			}
			done.Wait()
			return errors.Join(errs...)
		}, err
	}
}

func signP256(keys) (operation, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return func() error { _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); return err }, err
}

var errRejected = errors.New("the signature was rejected")

func verifyECDSA(curve elliptic.Curve) preparation {
	return func(keys) (operation, error) {
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

func signEd25519(keys) (operation, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return func() error { ed25519.Sign(key, digest[:]); return nil }, err
}

func verifyEd25519(keys) (operation, error) {
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

var (
	digestRSA  = sha256.Sum256(digest[:])
	optionsPSS = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
)

func signRSA(k keys) (operation, error) {
	return func() error {
		_, err := rsa.SignPSS(rand.Reader, k.rsa, crypto.SHA256, digestRSA[:], optionsPSS)
		return err
	}, nil
}

func verifyRSA(k keys) (operation, error) {
	signature, err := rsa.SignPSS(rand.Reader, k.rsa, crypto.SHA256, digestRSA[:], optionsPSS)
	return func() error {
		return rsa.VerifyPSS(&k.rsa.PublicKey, crypto.SHA256, digestRSA[:], signature, optionsPSS)
	}, err
}
