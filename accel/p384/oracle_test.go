package p384

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"strings"
	"testing"
)

// oracleSign computes signatures with math/big and crypto/ecdsa's points.
func oracleSign(r, s, k, e, d [][6]uint64) (ok uint8) {
	n := elliptic.P384().Params().N
	for i := range k {
		scalar := toBig(&k[i])
		point, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), scalar.FillBytes(make([]byte, size)))
		if err != nil {
			return ok
		}
		b, err := point.PublicKey.Bytes()
		if err != nil {
			return ok
		}
		x := new(big.Int).SetBytes(b[1 : 1+size])
		x.Mod(x, n)
		y := new(big.Int).Mul(x, toBig(&d[i]))
		y.Add(y, toBig(&e[i]))
		y.Mul(y, new(big.Int).ModInverse(scalar, n))
		y.Mod(y, n)
		r[i], s[i] = fromBig(x), fromBig(y)
		ok |= 1 << i
	}
	return ok
}

// oracle is an engine of eight lanes that needs no special machine.
func oracle() *engine { return &engine{path: "oracle", lanes: maxLanes, sign: oracleSign} }

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// point returns a key that may be no point of the curve.
func point(x, y *big.Int) *ecdsa.PublicKey {
	//lint:ignore SA1019 there is no other way to an invalid key
	return &ecdsa.PublicKey{Curve: elliptic.P384(), X: x, Y: y}
}

// coordinates returns those of a valid key.
func coordinates(t testing.TB, key *ecdsa.PublicKey) (x, y *big.Int) {
	t.Helper()
	b, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(b[1 : 1+size]), new(big.Int).SetBytes(b[1+size:])
}

func parseKey(t testing.TB, secret []byte) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func engineSigner(t testing.TB, key *ecdsa.PrivateKey, e *engine, o Options) *Signer {
	t.Helper()
	s, err := newSigner(key, e, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func oracleSigner(t testing.TB, key *ecdsa.PrivateKey, o Options) *Signer {
	return engineSigner(t, key, oracle(), o)
}

func pathSigner(t testing.TB, key *ecdsa.PrivateKey, path Path, o Options) *Signer {
	t.Helper()
	s, err := NewSigner(key, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *Signer, digest []byte) []byte {
	t.Helper()
	signature, err := s.Sign(rand.Reader, digest, crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// running are the paths that run here. A path that fails its self-test fails the test.
func running(t testing.TB) (all []Path) {
	t.Helper()
	for _, status := range Paths() {
		if strings.HasPrefix(status.Refused, "self-test") {
			t.Errorf("%s: %s", status.Path, status.Refused)
		}
		if status.Refused == "" {
			all = append(all, status.Path)
		}
	}
	if len(all) < 2 && !boringCrypto {
		t.Errorf("%v run here, want %s and a path of our own", all, Std)
	}
	return all
}
