package scenarios

import (
	"cmp"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/accel/p384"
	"github.com/tlslab/tlslab/handshake"
)

// signers are the values of a server's accel.
var signers = []string{string(p384.Std), "auto", string(p384.IFMA8), string(p384.ADX), string(p384.ARM64), string(p384.Portable)}

// byName says whether a variant's server wants one signer of the lab and no other.
func byName(v Variant) bool { return strings.HasPrefix(v.Server.Accel, "lab-") }

// noSigner is why the signer that a variant names cannot run on a machine, or "".
func noSigner(v Variant, m Machine) string {
	if !byName(v) {
		return ""
	}
	for _, p := range accel.Paths(m.Features, v.on(m)) {
		if p.Primitive == accel.SignP384 && p.Expected != accel.Lab {
			for _, r := range p.Refused {
				if r.Code == v.Server.Accel {
					return v.Server.Accel + " cannot run: " + r.Because
				}
			}
		}
	}
	return ""
}

// on is what decides, beside the CPU, which code a variant runs on a machine.
func (v Variant) on(m Machine) accel.Build {
	return accel.Build{
		Go:      v.Build.Toolchain,
		GOOS:    m.GOOS,
		GOARCH:  m.GOARCH,
		GOAMD64: v.Build.GOAMD64,
		Backend: cmp.Or(string(v.Build.Backend), "std"),
		FIPS:    fipsMode(v),
		GODEBUG: v.Env["GODEBUG"],
		Tags:    v.Build.Tags,
		Accel:   v.Server.Accel,
	}
}

// notItsKey is why the signer that a variant names has nothing to do in a cell, or "".
func notItsKey(v Variant, s handshake.Spec) string {
	if byName(v) && s.Signature != handshake.ECDSAP384 {
		return v.Server.Accel + " signs with P-384 keys only"
	}
	return ""
}
