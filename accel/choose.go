package accel

import (
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake"
)

// The subjects of a [Choice].
const (
	suiteSubject       = "suite"
	groupSubject       = "group"
	certificateSubject = "certificate"
	signerSubject      = "signer"
)

// elsewhere marks figures that this program has not measured on this machine.
const elsewhere = " (measured elsewhere, on Zen 4)"

// Choose says what a TLS 1.3 server of this build on this CPU should use: suite, group, certificate and signer, in
// this order, with what speaks for each and against the others. It is nil where [Paths] is. Figures in the reasons
// are other machines', and say so; what it comes to here is for tlslab host and tlslab run to measure.
//
// A build whose server has the setting accel is taken to need a P-384 certificate.
func Choose(features []string, b Build) []Choice {
	c := newChooser(features, b)
	if c.codes == nil {
		return nil
	}
	return []Choice{c.suite(), c.group(), c.certificate(), c.signer()}
}

// suite is what crypto/tls negotiates by itself with a client that has AES instructions. Nothing in a tls.Config
// changes a TLS 1.3 suite: the client does, or what crypto/tls sees of the CPU.
func (c chooser) suite() Choice {
	lacks := c.lacksAESGCM()
	switch {
	case c.build.FIPS:
		return Choice{suiteSubject, handshake.AES128GCM.String(), "crypto/tls's first in FIPS 140-3 mode", []Refusal{
			c.aes256(),
			{handshake.ChaCha20Poly1305.String(), "FIPS 140-3 mode refuses it"},
		}}
	case lacks != "":
		aes128, aes256 := "in Go 1 kB takes at least 3.7 times as long"+elsewhere, "in Go 1 kB takes at least 4.3 times as long"+elsewhere
		if c.build.boring() {
			aes128, aes256 = boringAsks, boringAsks
		}
		return Choice{suiteSubject, handshake.ChaCha20Poly1305.String(), "crypto/tls prefers it without AES-GCM in hardware: " + lacks, []Refusal{
			{handshake.AES128GCM.String(), aes128 + "; " + byCell},
			{handshake.AES256GCM.String(), aes256 + "; " + byCell},
		}}
	}
	why := "crypto/tls prefers it: this CPU has AES-GCM in hardware"
	if c.stdPath(AESGCM).Expected == Portable {
		why = "crypto/tls goes by the CPU and does not know that a purego build computes AES-GCM in Go"
	}
	return Choice{suiteSubject, handshake.AES128GCM.String(), why, []Refusal{c.aes256(), c.chacha20()}}
}

// lacksAESGCM is why crypto/tls.hasAESGCMHardwareSupport is false, or "". It looks at features only, and not at what
// the build makes of them.
func (c chooser) lacksAESGCM() string {
	because := ""
	for _, w := range slices.Backward(c.codes[AESGCM]) {
		if w.kind == Assembly {
			if because = c.std.lacks(w.needs); because == "" {
				return ""
			}
		}
	}
	return because
}

const (
	byCell     = "a cell asks for it with suite"
	boringAsks = "BoringCrypto asks the CPU itself and may have hardware for it, but crypto/tls does not know"
)

func (c chooser) aes256() Refusal {
	because := "its SHA-384 costs more: a server's full handshake takes 173 µs instead of 156" + elsewhere + "; " + byCell
	return Refusal{handshake.AES256GCM.String(), because}
}

func (c chooser) chacha20() Refusal {
	because := "16 kB take 1.8 times as long" + elsewhere
	switch c.stdPath(AESGCM).Expected {
	case Portable:
		because = "better here, 1 kB takes 0.27 of the time" + elsewhere + ", but crypto/tls does not choose it"
	case BoringSSL:
		because = "16 kB take 1.4 times as long" + elsewhere
	}
	because += "; " + byCell
	if slices.Contains(KnownOptions(c.build.goarch(), c.build.GOAMD64), "cpu.aes") {
		because += ", a server alone with GODEBUG=cpu.aes=off, which takes AES instructions from all else"
	}
	return Refusal{handshake.ChaCha20Poly1305.String(), because}
}

func (c chooser) group() Choice {
	hybrid, x25519 := handshake.X25519MLKEM768.String(), handshake.X25519.String()
	others := []Refusal{c.p256Exchange(), c.p384Exchange()}
	quantum := Refusal{x25519, "about 60 µs of a server's CPU less" + elsewhere + ", and nothing against a later quantum computer"}
	if c.build.FIPS {
		quantum.Because = "FIPS 140-3 mode refuses it alone"
	}
	if setting(c.build.GODEBUG, "tlsmlkem") != "0" {
		return Choice{groupSubject, hybrid, "crypto/tls's default, and what is recorded today stays secret from a later quantum computer",
			append([]Refusal{quantum}, others...)}
	}
	off := Refusal{hybrid, "GODEBUG tlsmlkem=0"}
	if c.build.FIPS {
		return Choice{groupSubject, handshake.P256.String(), "the first that FIPS 140-3 mode leaves", []Refusal{off, quantum, others[1]}}
	}
	return Choice{groupSubject, x25519, "the first that clients send a key share for", append([]Refusal{off}, others...)}
}

// p256Exchange is what speaks against P-256, which a client that goes by crypto/tls's defaults must be asked for.
func (c chooser) p256Exchange() Refusal {
	because := "131 µs of a server's CPU instead of 163 with X25519" + elsewhere
	switch {
	case c.build.boring():
		because = "BoringCrypto checks each new key: 206 µs of a server's CPU instead of 162 with X25519" + elsewhere
	case c.stdPath(ECDHP256).Expected == Portable:
		because = "2.6 times as slow as with its assembly" + elsewhere + ", which this build has not"
	case c.build.FIPS:
		because = "150 µs of a server's CPU instead of 226 with X25519MLKEM768" + elsewhere
	}
	return Refusal{handshake.P256.String(), because + "; clients send no key share for it unasked: one more round trip"}
}

func (c chooser) p384Exchange() Refusal {
	because := "Go has no assembly for it: 606 µs of a server's CPU instead of 163 with X25519" + elsewhere
	switch {
	case c.build.boring():
		because = "BoringCrypto checks each new key: 2693 µs of a server's CPU instead of 162 with X25519" + elsewhere
	case c.build.FIPS:
		because = "Go has no assembly for it: 730 µs of a server's CPU instead of 226 with X25519MLKEM768" + elsewhere
	}
	return Refusal{handshake.P384.String(), because}
}

func (c chooser) certificate() Choice {
	p256, p384 := handshake.ECDSAP256.String(), handshake.ECDSAP384.String()
	cost := "a signature takes 32 µs, with P-384 208" + elsewhere
	why := "the only NIST curve that Go has assembly for: " + cost
	switch expected := c.stdPath(ECDHP256).Expected; {
	case c.codes[SignP256] == nil:
		why = "the NIST curve that all clients take; KDSA signs where the machine has it, else assembly: " + cost
	case expected == BoringSSL:
		cost = "a signature takes 22 µs, with P-384 487" + elsewhere
		why = "BoringCrypto is slow with P-384: " + cost
	case expected == Portable:
		cost = "a signature takes 82 µs, with P-384 217" + elsewhere
		why = "the smallest of the NIST curves, although this build has no assembly for it: " + cost
	}
	rest := []Refusal{
		{handshake.Ed25519.String(), "a signature takes 23 µs" + elsewhere + ", but public authorities and browsers do not take it"},
		{handshake.RSAPSS2048.String(), "a signature takes 987 µs, by BoringCrypto 587" + elsewhere},
	}
	if c.labAsked() {
		return Choice{certificateSubject, p384, "the server's accel is " + c.build.Accel + ", which is for P-384 keys",
			append([]Refusal{{p256, "it is for those whom no policy holds to P-384; there, " + cost}}, rest...)}
	}
	return Choice{certificateSubject, p256, why, append([]Refusal{{p384, "for those whom a policy holds to it; then see signer"}}, rest...)}
}

// signer is who signs with a P-384 key, if there is one.
func (c chooser) signer() Choice {
	asked := c.labAsked()
	if !asked {
		c.build.Accel = "auto"
	}
	refused := c.labRefused()
	taken, ok := c.labTaken()
	switch {
	case !ok:
		return Choice{signerSubject, "std", "crypto/ecdsa: no signer of the lab runs here", refused}
	case asked:
		return Choice{signerSubject, taken.name, "the best for P-384 that runs here and that accel allows; an experiment, for lab keys only",
			append(refused, Refusal{"std", "the server's accel is " + c.build.Accel})}
	}
	unasked := Refusal{taken.name, "for P-384 keys, with the server's accel auto; an experiment, for lab keys only"}
	return Choice{signerSubject, "std", "crypto/ecdsa is all that a P-256 key needs", append(refused, unasked)}
}

// setting is the last value of a setting in GODEBUG, or "".
func setting(godebug, name string) string {
	value := ""
	for s := range strings.SplitSeq(godebug, ",") {
		if v, ok := strings.CutPrefix(s, name+"="); ok {
			value = v
		}
	}
	return value
}
