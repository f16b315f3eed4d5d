package handshake

import (
	"crypto/tls"
	"fmt"
	"slices"
)

// Kind tells a full handshake, authenticated by certificate, from a resumed one, authenticated by PSK. Go resumes
// with PSK and a key exchange (psk_dhe_ke, RFC 8446, section 4.2.9).
type Kind uint8

const (
	Full Kind = iota
	Resumed
	Early // resumed, and the client's request was accepted as early data (0-RTT, RFC 8446, section 2.3; over QUIC, RFC 9001, section 4.6)
	Live  // no handshake: a call over a connection whose handshake was full; what is counted is the call
)

// Group is a named group of the key exchange, a [tls.CurveID] that is written by name.
type Group uint16

const (
	P256               = Group(tls.CurveP256)
	P384               = Group(tls.CurveP384)
	P521               = Group(tls.CurveP521)
	X25519             = Group(tls.X25519)
	X25519MLKEM768     = Group(tls.X25519MLKEM768)
	SecP256r1MLKEM768  = Group(tls.SecP256r1MLKEM768)
	SecP384r1MLKEM1024 = Group(tls.SecP384r1MLKEM1024)
)

// Signature is a signature scheme, a [tls.SignatureScheme] that is written by name. It decides the leaf's key.
type Signature uint16

const (
	ECDSAP256  = Signature(tls.ECDSAWithP256AndSHA256)
	ECDSAP384  = Signature(tls.ECDSAWithP384AndSHA384)
	Ed25519    = Signature(tls.Ed25519)
	RSAPSS2048 = Signature(tls.PSSWithSHA256)
)

// Suite is a TLS 1.3 cipher suite: AEAD and hash only.
type Suite uint16

const (
	AES128GCM        = Suite(tls.TLS_AES_128_GCM_SHA256)
	AES256GCM        = Suite(tls.TLS_AES_256_GCM_SHA384)
	ChaCha20Poly1305 = Suite(tls.TLS_CHACHA20_POLY1305_SHA256)
)

type named[T ~uint8 | ~uint16] []struct {
	value T
	name  string
}

var (
	kinds  = named[Kind]{{Full, "full"}, {Resumed, "resumed"}, {Early, "early"}, {Live, "live"}}
	groups = named[Group]{
		{X25519, "X25519"}, {P256, "P-256"}, {P384, "P-384"}, {P521, "P-521"},
		{X25519MLKEM768, "X25519MLKEM768"}, {SecP256r1MLKEM768, "SecP256r1MLKEM768"},
		{SecP384r1MLKEM1024, "SecP384r1MLKEM1024"},
	}
	signatures = named[Signature]{
		{ECDSAP256, "ecdsa-p256"}, {ECDSAP384, "ecdsa-p384"}, {Ed25519, "ed25519"}, {RSAPSS2048, "rsa-pss-2048"},
	}
	suites = named[Suite]{
		{AES128GCM, "TLS_AES_128_GCM_SHA256"}, {AES256GCM, "TLS_AES_256_GCM_SHA384"},
		{ChaCha20Poly1305, "TLS_CHACHA20_POLY1305_SHA256"},
	}
)

// KindNames, GroupNames, SignatureNames and SuiteNames list the names that the lab reads and writes.
func KindNames() []string      { return kinds.names() }
func GroupNames() []string     { return groups.names() }
func SignatureNames() []string { return signatures.names() }
func SuiteNames() []string     { return suites.names() }

func (k Kind) String() string      { return kinds.name(k) }
func (g Group) String() string     { return groups.name(g) }
func (s Signature) String() string { return signatures.name(s) }
func (s Suite) String() string     { return suites.name(s) }

func (k Kind) MarshalText() ([]byte, error)      { return []byte(k.String()), nil }
func (g Group) MarshalText() ([]byte, error)     { return []byte(g.String()), nil }
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
func (s Suite) MarshalText() ([]byte, error)     { return []byte(s.String()), nil }

func (k *Kind) UnmarshalText(b []byte) (err error) { *k, err = kinds.parse("kind", string(b)); return }
func (g *Group) UnmarshalText(b []byte) (err error) {
	*g, err = groups.parse("group", string(b))
	return
}
func (s *Signature) UnmarshalText(b []byte) (err error) {
	*s, err = signatures.parse("signature", string(b))
	return
}
func (s *Suite) UnmarshalText(b []byte) (err error) {
	*s, err = suites.parse("suite", string(b))
	return
}

func (n named[T]) names() []string {
	var all []string
	for _, e := range n {
		all = append(all, e.name)
	}
	return all
}

func (n named[T]) name(value T) string {
	for _, e := range n {
		if e.value == value {
			return e.name
		}
	}
	return fmt.Sprintf("0x%04x", uint64(value)) // a number: the type itself prints by name
}

func (n named[T]) parse(what, name string) (T, error) {
	i := slices.IndexFunc(n, func(e struct {
		value T
		name  string
	}) bool {
		return e.name == name
	})
	if i >= 0 {
		return n[i].value, nil
	}
	var zero T
	if name == n.name(zero) {
		return zero, nil // "0x0000": nothing asked
	}
	return zero, fmt.Errorf("unknown %s %q", what, name)
}
