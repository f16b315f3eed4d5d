// Package handshake is the lab's vocabulary: what was asked of one TLS 1.3 handshake ([Spec]), what was
// negotiated ([Outcome]), what the client saw of it ([Observation]), and how each side counted
// ([ClientLedger], [ServerLedger]).
//
// A TLS 1.3 client is done before its server is: the server verifies the client's Finished, and under mutual
// authentication its certificate, after the client's handshake call has returned (RFC 8446, section 2). So the
// lab's servers send one confirming byte, and there are two instants: complete and confirmed. Only confirmed
// handshakes count.
//
// The package imports the standard library only.
package handshake

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Confirmation is the byte that a server sends once it has verified the client's Finished.
const Confirmation byte = 0x06

// Spec is what is asked of a handshake. Zero fields ask for nothing.
type Spec struct {
	Kind      Kind      `json:"kind"`
	Group     Group     `json:"group"`
	Signature Signature `json:"signature"` // decides the server's leaf key
	ALPN      string    `json:"alpn,omitempty"`
	Mutual    bool      `json:"mutual"`
	Suite     Suite     `json:"suite,omitempty"` // zero: whatever is negotiated
}

// String is the name of a cell: kind/group/signature/authentication, then what else was asked.
func (s Spec) String() string {
	parts := []string{s.Kind.String(), s.Group.String(), s.Signature.String(), "server-auth"}
	if s.Mutual {
		parts[3] = "mutual"
	}
	if s.ALPN != "" {
		parts = append(parts, "alpn="+strings.ReplaceAll(s.ALPN, "/", "-"))
	}
	if s.Suite != 0 {
		parts = append(parts, s.Suite.String())
	}
	return strings.Join(parts, "/")
}

// Outcome is what one side says was negotiated.
type Outcome struct {
	Version   uint16
	Suite     Suite
	Group     Group
	Signature Signature // by the server's leaf; zero where that side does not know it
	ALPN      string
	Mutual    bool
	Resumed   bool
	Retried   bool
	Early     bool // early data was accepted
}

// Kind is what the handshake was: full, resumed or early.
func (o Outcome) Kind() Kind {
	switch {
	case o.Early:
		return Early
	case o.Resumed:
		return Resumed
	}
	return Full
}

// handshake is the kind of the handshake that is made for this kind.
func (k Kind) handshake() Kind {
	if k == Live {
		return Full
	}
	return k
}

// ClientOutcome reads the outcome off a client's connection; presented says that the client sent a certificate in
// this handshake, or in the one whose ticket it resumes.
func ClientOutcome(cs tls.ConnectionState, presented bool) Outcome {
	o := outcome(cs)
	o.Mutual = presented
	if len(cs.PeerCertificates) > 0 {
		o.Signature = SignatureOf(cs.PeerCertificates[0])
	}
	return o
}

// ServerOutcome reads the outcome off a server's connection; leaf is the certificate that the server serves.
func ServerOutcome(cs tls.ConnectionState, leaf *x509.Certificate) Outcome {
	o := outcome(cs)
	o.Mutual = len(cs.PeerCertificates) > 0
	o.Signature = SignatureOf(leaf)
	return o
}

func outcome(cs tls.ConnectionState) Outcome {
	return Outcome{
		Version: cs.Version,
		Suite:   Suite(cs.CipherSuite),
		Group:   Group(cs.CurveID),
		ALPN:    cs.NegotiatedProtocol,
		Resumed: cs.DidResume,
		Retried: cs.HelloRetryRequest,
	}
}

// SignatureOf is the scheme that a TLS 1.3 server with this leaf signs CertificateVerify with (RFC 8446,
// section 4.2.3); zero for a key that the lab does not use.
func SignatureOf(leaf *x509.Certificate) Signature {
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P384() {
			return ECDSAP384
		}
		if key.Curve == elliptic.P256() {
			return ECDSAP256
		}
	case ed25519.PublicKey:
		return Ed25519
	case *rsa.PublicKey:
		if key.N.BitLen() == 2048 {
			return RSAPSS2048
		}
	}
	return 0
}

// ErrMismatch is wrapped by every error of [Spec.Check].
var ErrMismatch = errors.New("got another handshake than asked")

// Mismatch says which property of a handshake was not as asked.
type Mismatch struct{ Property, Asked, Got string }

func (m *Mismatch) Error() string {
	return fmt.Sprintf("asked for %s %s, got %s", m.Property, m.Asked, m.Got)
}

// Unwrap makes a Mismatch an [ErrMismatch].
func (m *Mismatch) Unwrap() error { return ErrMismatch }

// Check compares what was negotiated with what was asked. The error is a [*Mismatch]: such a handshake was not a
// fast one but another one.
func (s Spec) Check(o Outcome) error {
	switch {
	case o.Version != tls.VersionTLS13:
		return &Mismatch{"version", "TLS 1.3", tls.VersionName(o.Version)}
	case o.Kind() != s.Kind.handshake():
		return &Mismatch{"kind", s.Kind.String(), o.Kind().String()}
	case s.Group != 0 && o.Group != s.Group:
		return &Mismatch{"group", s.Group.String(), o.Group.String()}
	case s.Signature != 0 && o.Signature != s.Signature:
		return &Mismatch{"signature", s.Signature.String(), o.Signature.String()}
	case s.Suite != 0 && o.Suite != s.Suite:
		return &Mismatch{"suite", s.Suite.String(), o.Suite.String()}
	case o.ALPN != s.ALPN:
		return &Mismatch{"alpn", orNone(s.ALPN), orNone(o.ALPN)}
	case o.Mutual != s.Mutual:
		return &Mismatch{"mutual", fmt.Sprint(s.Mutual), fmt.Sprint(o.Mutual)}
	case o.Retried:
		return &Mismatch{"round trips", "1", "2 (HelloRetryRequest)"}
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Observation is one handshake as the client saw it. The instants count from the start of the block; zero means
// that the instant was not reached. Due <= Began <= Connected <= Complete <= Confirmed.
type Observation struct {
	Seq        uint64        // number of the handshake within its block, from 0
	Due        time.Duration // when the schedule wanted it; a closed loop wants it when it begins
	Began      time.Duration
	Connected  time.Duration // TCP
	Complete   time.Duration // the client has verified the server's Finished
	Confirmed  time.Duration // the client has proof that the server verified its own
	Outcome    Outcome
	BytesIn    uint64 // TCP payload received
	BytesOut   uint64 // TCP payload sent
	Generation uint64 // serial number of the server's leaf; zero: it has more than 64 bits
}

// Lateness is how long after its due time the handshake began.
func (o *Observation) Lateness() time.Duration { return o.Began - o.Due }

// HandshakeTime is from TCP connected to complete.
func (o *Observation) HandshakeTime() time.Duration { return o.Complete - o.Connected }

// ServiceTime is from begun to confirmed: TCP, TLS, the server's word.
func (o *Observation) ServiceTime() time.Duration { return o.Confirmed - o.Began }

// ResponseTime is from due to confirmed: what a user would have waited.
func (o *Observation) ResponseTime() time.Duration { return o.Confirmed - o.Due }
