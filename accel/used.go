package accel

import (
	"cmp"
	"slices"

	"github.com/tlslab/tlslab/handshake"
)

// Used lists what a server computes in a handshake like this, in the order of [Paths]; suite is what was negotiated,
// and empty means what the spec asks. Where neither names a suite, group or signature scheme, what depends on it is
// left out.
//
// A server signs once in a full handshake and, under mutual authentication, verifies the client's certificate, whose
// scheme is that of its own. A resumed one exchanges keys all the same. Tickets are not AES-GCM: crypto/tls encrypts
// them with AES in counter mode and HMAC-SHA-256.
func Used(spec handshake.Spec, suite handshake.Suite) []Primitive {
	used := slices.Concat(exchanges[spec.Group], suites[cmp.Or(suite, spec.Suite)])
	if s, ok := schemes[spec.Signature]; ok && spec.Kind == handshake.Full {
		used = append(used, s.sign)
		if spec.Mutual {
			used = append(used, s.verify)
		}
	}
	slices.SortFunc(used, func(a, b Primitive) int {
		return cmp.Compare(slices.Index(primitives, a), slices.Index(primitives, b))
	})
	return used
}

var exchanges = map[handshake.Group][]Primitive{
	handshake.X25519:             {X25519},
	handshake.P256:               {ECDHP256},
	handshake.P384:               {ECDHP384},
	handshake.P521:               {ECDHP521},
	handshake.X25519MLKEM768:     {X25519, MLKEM},
	handshake.SecP256r1MLKEM768:  {ECDHP256, MLKEM},
	handshake.SecP384r1MLKEM1024: {ECDHP384, MLKEM},
}

var suites = map[handshake.Suite][]Primitive{
	handshake.AES128GCM:        {AESGCM, SHA256, HKDF},
	handshake.AES256GCM:        {AESGCM, SHA384, HKDF},
	handshake.ChaCha20Poly1305: {ChaCha20Poly1305, SHA256, HKDF},
}

var schemes = map[handshake.Signature]struct{ sign, verify Primitive }{
	handshake.ECDSAP256:  {SignP256, VerifyP256},
	handshake.ECDSAP384:  {SignP384, VerifyP384},
	handshake.Ed25519:    {SignEd25519, VerifyEd25519},
	handshake.RSAPSS2048: {SignRSA, VerifyRSA},
}
