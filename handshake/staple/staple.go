// Package staple is the status of a certificate that its server hands out with it: a [Responder] that signs it
// (RFC 6960), a [Stapler] that keeps a fresh one for a server, and a client that does not go without it, by [Demand].
//
//	Responder -> Fetch -> Stapler -> tls.Certificate.OCSPStaple -> handshake -> Verify
//
// The client of crypto/tls asks every server for a staple and hands on what it gets; it accepts any, and none, even of
// a leaf that must have one by [MustStaple].
package staple

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Why a staple is refused. Errors of [Check] and [Verify] wrap exactly one of them.
var (
	ErrMissing   = errors.New("no staple")
	ErrMalformed = errors.New("staple is malformed")
	ErrIssuer    = errors.New("staple is of another issuer")
	ErrSerial    = errors.New("staple is of another certificate")
	ErrUnsigned  = errors.New("staple is not signed by the issuer") // nor is one whose signature cannot be read
	ErrEarly     = errors.New("staple is not valid yet")
	ErrStale     = errors.New("staple is stale")
	ErrRevoked   = errors.New("certificate is revoked")
	ErrUnknown   = errors.New("certificate is unknown to its issuer")
)

// MustStaple is the extension of a leaf by which a client is told not to go without a staple: TLS feature 5,
// status_request (RFC 7633, section 4).
func MustStaple() pkix.Extension {
	return pkix.Extension{
		Id:    asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24},
		Value: []byte{0x30, 0x03, 0x02, 0x01, 0x05},
	}
}

// Check judges a staple of a leaf as its relying party does (RFC 6960, section 3.2). The issuer has signed the leaf,
// and is trusted. Nil means that the issuer, or one to whom it has delegated this, says for now that the leaf is good.
func Check(staple []byte, leaf, issuer *x509.Certificate, now time.Time) error {
	r, err := read(staple, leaf, issuer, now)
	if err != nil {
		return err
	}
	switch r.Status {
	case ocsp.Good:
		return nil
	case ocsp.Revoked:
		return fmt.Errorf("%w since %v", ErrRevoked, r.RevokedAt)
	}
	return ErrUnknown
}

// read believes a staple, whatever it says, that is about the leaf, by its issuer, and fresh.
func read(staple []byte, leaf, issuer *x509.Certificate, now time.Time) (*ocsp.Response, error) {
	if len(staple) == 0 {
		return nil, ErrMissing
	}
	if err := about(staple, leaf.SerialNumber, issuer); err != nil {
		return nil, err
	}
	r, err := ocsp.ParseResponseForCert(staple, leaf, issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnsigned, err)
	}
	if err := authorised(r.Certificate, issuer, now); err != nil {
		return nil, err
	}
	return r, fresh(r, now)
}

// fresh is whether a response may be relied on now. One without an end is refused: it would never become stale, and
// section 2.2.4 of RFC 5019 does not have it.
func fresh(r *ocsp.Response, now time.Time) error {
	if now.Before(r.ThisUpdate) {
		return fmt.Errorf("%w: %v is to come", ErrEarly, r.ThisUpdate)
	}
	if !now.Before(r.NextUpdate) {
		return fmt.Errorf("%w: its time was up at %v", ErrStale, r.NextUpdate)
	}
	return nil
}

// authorised is whether the issuer lets the holder of a certificate that came with a response sign it (RFC 6960,
// section 4.2.2.2). Package ocsp has seen that the issuer signed the certificate; that is true of every leaf, too.
func authorised(delegate, issuer *x509.Certificate, now time.Time) error {
	if delegate == nil || delegate.Equal(issuer) {
		return nil
	}
	if !slices.Contains(delegate.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return fmt.Errorf("%w: %v may not sign for it", ErrUnsigned, delegate.Subject)
	}
	if now.Before(delegate.NotBefore) || now.After(delegate.NotAfter) {
		return fmt.Errorf("%w: %v may not sign for it at this time", ErrUnsigned, delegate.Subject)
	}
	return nil
}

// The parts of a response that package ocsp does not give: what each of its answers is about (RFC 6960, section 4.2.1).
type (
	envelope struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	basic struct {
		Data struct {
			Version   int `asn1:"optional,default:0,explicit,tag:0"`
			Responder asn1.RawValue
			Produced  time.Time `asn1:"generalized"`
			Answers   []answer
		}
	}
	answer struct{ ID certID }
	certID struct {
		Hash              pkix.AlgorithmIdentifier
		NameHash, KeyHash []byte
		Serial            *big.Int
	}
)

// about is whether a response has one answer for the serial number, by the issuer. Package ocsp compares serial numbers
// alone, which another issuer uses as well.
func about(staple []byte, serial *big.Int, issuer *x509.Certificate) error {
	var e envelope
	if rest, err := asn1.Unmarshal(staple, &e); err != nil || len(rest) > 0 {
		return fmt.Errorf("%w: no response: %v", ErrMalformed, err)
	}
	if status := ocsp.ResponseStatus(e.Status); status != ocsp.Success {
		return fmt.Errorf("%w: the responder said %v", ErrMalformed, status)
	}
	var b basic
	if _, err := asn1.Unmarshal(e.Bytes.Basic, &b); err != nil {
		return fmt.Errorf("%w: no basic response: %v", ErrMalformed, err)
	}
	if len(b.Data.Answers) != 1 {
		return fmt.Errorf("%w: %d answers in it", ErrMalformed, len(b.Data.Answers))
	}
	id := b.Data.Answers[0].ID
	hash, ok := hashOf(id.Hash.Algorithm)
	if !ok {
		return fmt.Errorf("%w: hash %v", ErrMalformed, id.Hash.Algorithm)
	}
	name, key, err := hashes(issuer, hash)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrIssuer, err)
	}
	if !bytes.Equal(id.NameHash, name) || !bytes.Equal(id.KeyHash, key) {
		return ErrIssuer
	}
	if id.Serial.Cmp(serial) != 0 {
		return fmt.Errorf("%w: %v, not %v", ErrSerial, id.Serial, serial)
	}
	return nil
}

// hashOf is the hash by which a request or a response names its issuer.
func hashOf(algorithm asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch algorithm.String() {
	case "1.3.14.3.2.26":
		return crypto.SHA1, true
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, true
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, true
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, true
	}
	return 0, false
}

// hashes name an issuer by its subject and its key (RFC 6960, section 4.1.1).
func hashes(issuer *x509.Certificate, hash crypto.Hash) (name, key []byte, err error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, nil, err
	}
	sum := func(b []byte) []byte {
		h := hash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	return sum(issuer.RawSubject), sum(info.Key.RightAlign()), nil
}
