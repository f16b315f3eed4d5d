package p384

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
)

func TestEncode(t *testing.T) {
	for _, r := range edges() {
		for _, s := range edges()[:6] {
			want, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
			if err != nil {
				t.Fatal(err)
			}
			rr, ss := fromBig(r), fromBig(s)
			got := encode(&rr, &ss)
			if !bytes.Equal(got, want) {
				t.Errorf("encode(%x, %x): got %x, want %x", r, s, got, want)
			}
			var r2, s2 [6]uint64
			if !parse(&r2, &s2, got) || r2 != rr || s2 != ss {
				t.Errorf("parse(%x): got %x, %x", got, r2, s2)
			}
		}
	}
}

// malformed are readings and misreadings of a signature: some are valid to some decoders, few to crypto/ecdsa.
func malformed(der []byte) [][]byte {
	rLength := int(der[3])
	r, s := der[4:4+rLength], der[6+rLength:]
	integer := func(b []byte) []byte { return append([]byte{2, byte(len(b))}, b...) }
	sequence := func(parts ...[]byte) []byte {
		body := bytes.Join(parts, nil)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	long := func(tag byte, length []byte, body []byte) []byte { return slices.Concat([]byte{tag}, length, body) }
	n := byte(len(der) - 2)
	padded := func(b []byte) []byte { return append([]byte{0}, b...) }
	order := padded(elliptic.P384().Params().N.Bytes())
	all := [][]byte{
		der, nil, {}, {0x30}, {0x30, 0}, {0x30, 0x80}, der[:len(der)-1], append(slices.Clone(der), 0),
		long(0x30, []byte{0x81, n}, der[2:]), long(0x30, []byte{0x82, 0, n}, der[2:]), long(0x30, []byte{0x84, 0, 0, 0, n}, der[2:]),
		long(0x30, []byte{0x80}, append(slices.Clone(der[2:]), 0, 0)), long(0x31, []byte{n}, der[2:]), long(0x3f, []byte{n}, der[2:]),
		sequence(integer(r)), sequence(integer(r), integer(s), integer(s)), sequence(integer(r), integer(s), []byte{5, 0}),
		sequence(integer(padded(r)), integer(s)), sequence(integer(r), integer(padded(s))),
		sequence(integer(padded(padded(r))), integer(s)), sequence([]byte{2, 0}, integer(s)), sequence(integer(r), []byte{2, 0}),
		sequence(integer([]byte{0}), integer(s)), sequence(integer(r), integer([]byte{0})),
		sequence(integer([]byte{0, 0}), integer(s)), sequence(integer(order), integer(s)), sequence(integer(r), integer(order)),
		sequence(long(2, []byte{0x81, byte(len(r))}, r), integer(s)), sequence(integer(r), long(2, []byte{0x81, byte(len(s))}, s)),
		sequence(long(3, []byte{byte(len(r))}, r), integer(s)), sequence(integer(s), integer(r)),
		sequence(integer(bytes.TrimLeft(r, "\x00")), integer(bytes.TrimLeft(s, "\x00"))),
		sequence(integer(bytes.Repeat([]byte{0x7f}, 50)), integer([]byte{1})),
		sequence(integer(bytes.Repeat([]byte{0x7f}, 60)), integer(bytes.Repeat([]byte{0x7f}, 60))),
		sequence(integer([]byte{0xff}), integer(s)), sequence(integer(r), integer([]byte{0x80, 1})),
		bytes.Repeat([]byte{0xff}, 104), bytes.Repeat([]byte{0x30}, 104), bytes.Repeat([]byte{2}, 104),
	}
	return all
}

// Every path judges what is no signature, and what only nearly is one, as crypto/ecdsa does.
func TestMalformed(t *testing.T) {
	key := newKey(t)
	valid := 0
	var batch []Signature
	var want []bool
	for i := range 20 { // so that some numbers begin with a high bit and others do not
		digest := sha512.Sum384([]byte{byte(i)})
		der, err := key.Sign(rand.Reader, digest[:], crypto.SHA384)
		if err != nil {
			t.Fatal(err)
		}
		for _, candidate := range malformed(der) {
			batch = append(batch, Signature{&key.PublicKey, digest[:], candidate})
			want = append(want, ecdsa.VerifyASN1(&key.PublicKey, digest[:], candidate))
			if want[len(want)-1] {
				valid++
			}
		}
	}
	if valid < 20 {
		t.Errorf("crypto/ecdsa takes %d of the signatures, want 20 at least", valid)
	}
	for _, path := range running(t) {
		got, err := path.Verify(batch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch {
			if got[i] != want[i] {
				t.Errorf("%s: %x: got %v, want %v", path, batch[i].ASN1, got[i], want[i])
			}
		}
	}
}

// What parse reads is what crypto/ecdsa reads: a signature that differs from a valid one in its encoding only.
func FuzzParse(f *testing.F) {
	secret := known(knownKey)
	key, digest := parseKey(f, secret[:]), sha512.Sum384([]byte("sample"))
	der, err := key.Sign(nil, digest[:], crypto.SHA384)
	if err != nil {
		f.Fatal(err)
	}
	for _, candidate := range malformed(der) {
		f.Add(candidate)
	}
	var r, s [6]uint64
	if !parse(&r, &s, der) {
		f.Fatalf("cannot read %x", der)
	}
	f.Fuzz(func(t *testing.T, candidate []byte) {
		var gotR, gotS [6]uint64
		got := parse(&gotR, &gotS, candidate)
		if got && !bytes.Equal(encode(&gotR, &gotS), candidate) {
			t.Errorf("%x was read, but is not how %x, %x are written", candidate, gotR, gotS)
		}
		var reference struct{ R, S *big.Int }
		rest, err := asn1.Unmarshal(candidate, &reference)
		strict := err == nil && len(rest) == 0 && candidate[0] == 0x30 && reference.R.Sign() >= 0 && reference.S.Sign() >= 0 &&
			reference.R.BitLen() <= 384 && reference.S.BitLen() <= 384
		if got && !strict {
			t.Errorf("%x was read, but encoding/asn1 refuses it", candidate)
		}
		if !got && strict {
			if again, err := asn1.Marshal(reference); err == nil && bytes.Equal(again, candidate) {
				t.Errorf("%x was refused", candidate)
			}
		}
	})
}
