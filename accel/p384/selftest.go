package p384

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/accel/p384/internal/single"
)

// The key of RFC 6979, A.2.6, and two of its signatures.
const (
	knownKey = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"

	sampleK = "94ed910d1a099dad3254e9242ae85abde4ba15168eaf0ca87a555fd56d10fbca2907e3e83ba95368623b8c4686915cf9"
	sampleR = "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
	sampleS = "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"

	// hedgedK is the nonce that crypto/ecdsa uses for "sample" where its randomness is all zeros.
	hedgedK = "ad7da95d9b64291a84be427d562da8bdca5a5fba550ae238bd9a4f8cec2301444cc26d1536eff3ee69ac5544792a67cc"

	testK = "015ee46a5bf88773ed9123a5ab0807962d193719503c527b031b4c2d225092ada71f4a459bc0da98adb95837db8312ea"
	testR = "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023db"
	testS = "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5"
)

// messages are what is signed in each lane.
var messages = [maxLanes]string{"sample", "test", "third", "fourth", "fifth", "sixth", "seventh", "eighth"}

// answers are signatures that are known, one per lane, with what leads to them.
type answers struct {
	k, e, d    [maxLanes][6]uint64
	r, s, x, y [maxLanes][6]uint64
}

// selfTest runs the engine on known answers: every lane signs, alone and with all others, and every lane tells a
// valid signature from one that is not.
func (e *engine) selfTest() error {
	a, err := newAnswers()
	if err != nil {
		return err
	}
	for n := 1; n <= e.lanes; n++ {
		if err := a.signed(e.sign, 0, n); err != nil {
			return err
		}
		if err := a.verified(e.verify, 0, n); err != nil {
			return err
		}
	}
	for lane := range maxLanes {
		if err := a.signed(single.Sign, lane, lane+1); err != nil {
			return err
		}
		if err := a.verified(single.Verify, lane, lane+1); err != nil {
			return err
		}
	}
	return nil
}

// newAnswers takes the first two answers from RFC 6979 and the others from crypto/ecdsa. Nonces are our own.
func newAnswers() (*answers, error) {
	secret := known(knownKey)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), secret[:])
	if err != nil {
		return nil, err
	}
	a := new(answers)
	signer, err := newSigner(key, nil, Options{Deterministic: true})
	if err != nil {
		return nil, err
	}
	for i, message := range messages {
		digest := sha512.Sum384([]byte(message))
		asn1, err := key.Sign(nil, digest[:], crypto.SHA384)
		if err != nil {
			return nil, err
		}
		if !parse(&a.r[i], &a.s[i], asn1) || !setPoint(&a.x[i], &a.y[i], &key.PublicKey) {
			return nil, fmt.Errorf("crypto/ecdsa's signature %x cannot be read", asn1)
		}
		a.d[i] = signer.d[i]
		setDigest(&a.e[i], digest[:])
		if err := signer.nonce(&a.k[i], a.e[i]); err != nil {
			return nil, err
		}
	}
	if err := a.published(); err != nil {
		return nil, err
	}
	return a, a.hedged(&secret)
}

// published compares the first two with what RFC 6979 gives.
func (a *answers) published() error {
	for i, want := range [2][3]string{{sampleK, sampleR, sampleS}, {testK, testR, testS}} {
		for j, got := range [3][6]uint64{a.k[i], a.r[i], a.s[i]} {
			if got != number(known(want[j])) {
				return fmt.Errorf("%s of %q is not what RFC 6979 gives", [3]string{"k", "r", "s"}[j], messages[i])
			}
		}
	}
	return nil
}

// hedged compares the first nonce that is made with randomness.
func (a *answers) hedged(secret *[size]byte) error {
	g := newDRBG(sha512.New())
	e := a.e[0]
	reduce(&e)
	var digest, noRandomness [size]byte
	octets(&digest, &e)
	if err := g.hedge(bytes.NewReader(noRandomness[:]), secret, &digest); err != nil {
		return err
	}
	var k [6]uint64
	if g.next(&k); k != number(known(hedgedK)) {
		return errors.New("a hedged nonce is not what crypto/ecdsa would use")
	}
	return nil
}

// signed lets lanes from up to to sign and compares.
func (a *answers) signed(sign func(r, s, k, e, d [][6]uint64) uint8, from, to int) error {
	n := to - from
	r, s := make([][6]uint64, n), make([][6]uint64, n)
	if ok := sign(r, s, a.k[from:to], a.e[from:to], a.d[from:to]); ok != 1<<n-1 {
		return fmt.Errorf("%d lanes found their signatures wrong: %08b are right", n, ok)
	}
	for i := range n {
		if r[i] != a.r[from+i] || s[i] != a.s[from+i] {
			return fmt.Errorf("lane %d of %d signed wrongly", i+1, n)
		}
	}
	return nil
}

// verified lets lanes from up to to judge their signatures as they are and with a bit of s turned in each lane.
func (a *answers) verified(verify func(r, s, e, x, y [][6]uint64) uint8, from, to int) error {
	n := to - from
	s := slices.Clone(a.s[from:to])
	for spoiled := -1; spoiled < n; spoiled++ {
		want := uint8(1<<n - 1)
		if spoiled >= 0 {
			want &^= 1 << spoiled
			s[spoiled][0] ^= 1
		}
		if got := verify(a.r[from:to], s, a.e[from:to], a.x[from:to], a.y[from:to]); got != want {
			return fmt.Errorf("%d lanes judged %08b valid, not %08b", n, got, want)
		}
		if spoiled >= 0 {
			s[spoiled][0] ^= 1
		}
	}
	return nil
}

func known(text string) (b [size]byte) {
	if _, err := hex.Decode(b[:], []byte(text)); err != nil {
		panic(err) // a constant
	}
	return b
}

func number(b [size]byte) (z [6]uint64) {
	setOctets(&z, &b)
	return z
}
