package staple

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Status is what a responder says of a certificate.
type Status int

// The statuses of RFC 6960, section 2.2.
const (
	Good    Status = ocsp.Good
	Revoked Status = ocsp.Revoked
	Unknown Status = ocsp.Unknown
)

// Responder says what became of the certificates of one issuer. Of a serial number that it was not told of it says
// that it is unknown. It is safe for concurrent use.
type Responder struct {
	signer   Signer
	validity time.Duration

	mu       sync.Mutex
	statuses map[string]entry // by serial number
}

type entry struct {
	status Status
	at     time.Time // when it was revoked
}

// Signer is who signs for an issuer.
type Signer struct {
	Issuer   *x509.Certificate
	Delegate *x509.Certificate // issued by it for this, with ExtKeyUsageOCSPSigning; nil: the issuer signs itself
	Key      crypto.Signer     // of the one that signs: RSA or ECDSA
}

// NewResponder is a responder whose answers over HTTP are valid for a while, of which a nextUpdate has whole seconds.
// It fails for a key that package ocsp does not sign with, as an Ed25519 one.
func NewResponder(s Signer, validity time.Duration) (*Responder, error) {
	switch s.Key.Public().(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	default:
		return nil, fmt.Errorf("a %T signs no OCSP responses here", s.Key)
	}
	return &Responder{signer: s, validity: validity, statuses: map[string]entry{}}, nil
}

// Set is what is said of a serial number from now on.
func (r *Responder) Set(serial *big.Int, status Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statuses[serial.String()] = entry{status, time.Now()}
}

// Respond signs what is said of a serial number as of an instant, DER. The response is valid from the second of that
// instant until the second in which validity ends.
func (r *Responder) Respond(serial *big.Int, at time.Time, validity time.Duration) ([]byte, error) {
	return r.respond(serial, at, validity, crypto.SHA1)
}

// respond names the issuer by the hash that it was asked with: clients compare the two. Clients that do not say
// which one they understand are given SHA-1, as all of them do (RFC 5019, section 2.1.1).
func (r *Responder) respond(serial *big.Int, at time.Time, validity time.Duration, hash crypto.Hash) ([]byte, error) {
	r.mu.Lock()
	e, ok := r.statuses[serial.String()]
	r.mu.Unlock()
	if !ok {
		e.status = Unknown
	}
	by := r.signer.Delegate
	if by == nil {
		by = r.signer.Issuer
	}
	return ocsp.CreateResponse(r.signer.Issuer, by, ocsp.Response{
		Status:       int(e.status),
		SerialNumber: serial,
		ThisUpdate:   at,
		NextUpdate:   at.Add(validity),
		RevokedAt:    e.at,
		IssuerHash:   hash,
		Certificate:  r.signer.Delegate,
	}, r.signer.Key)
}

// Answer is the response to a request, both DER. Of a request for several certificates, the first is answered, as RFC
// 5019 allows no others; a nonce is not returned. What it cannot answer has an error of OCSP for an answer.
func (r *Responder) Answer(request []byte, at time.Time) []byte {
	asked, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse
	}
	name, key, err := hashes(r.signer.Issuer, asked.HashAlgorithm)
	if err != nil {
		return ocsp.InternalErrorErrorResponse
	}
	if !bytes.Equal(asked.IssuerNameHash, name) || !bytes.Equal(asked.IssuerKeyHash, key) {
		return ocsp.UnauthorizedErrorResponse
	}
	response, err := r.respond(asked.SerialNumber, at, r.validity, asked.HashAlgorithm)
	if err != nil {
		return ocsp.InternalErrorErrorResponse
	}
	return response
}
