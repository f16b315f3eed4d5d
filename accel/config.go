package accel

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake"
)

// preferences are the groups that a server offers along with the one that was chosen, so that every client finds one.
// crypto/tls has an order of its own, and drops what FIPS 140-3 mode refuses.
var preferences = map[string][]tls.CurveID{
	handshake.X25519MLKEM768.String(): {tls.X25519MLKEM768, tls.X25519, tls.CurveP256},
	handshake.X25519.String():         {tls.X25519, tls.CurveP256},
	handshake.P256.String():           {tls.CurveP256, tls.CurveP384},
}

// Config is a server's configuration that follows the choices, but for the certificate. There is no field for a
// TLS 1.3 suite, and crypto/tls makes the same choice by itself.
func Config(choices []Choice) *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: slices.Clone(preferences[chosen(choices, groupSubject).Pick]),
	}
}

// Source is a function in Go that makes the same configuration, with the choices as its comment; the file that it is
// put into imports crypto/tls.
func Source(choices []Choice) string {
	var b strings.Builder
	b.WriteString("// serverConfig follows what tlslab chose for this CPU and build:\n//\n")
	for _, c := range choices {
		fmt.Fprintf(&b, "//   - %s: %s, %s\n", c.Subject, c.Pick, c.Why)
	}
	if s := chosen(choices, signerSubject).Pick; s != "std" && s != "" {
		fmt.Fprintf(&b, "//\n// The certificate's PrivateKey is a signer of github.com/tlslab/tlslab/accel/p384 with path %s.\n", s)
	}
	b.WriteString("func serverConfig(certificate tls.Certificate) *tls.Config {\n\treturn &tls.Config{\n")
	b.WriteString("\t\tMinVersion:       tls.VersionTLS13,\n")
	if groups := Config(choices).CurvePreferences; groups != nil {
		names := make([]string, len(groups))
		for i, g := range groups {
			names[i] = "tls." + g.String()
		}
		fmt.Fprintf(&b, "\t\tCurvePreferences: []tls.CurveID{%s},\n", strings.Join(names, ", "))
	}
	b.WriteString("\t\tCertificates:     []tls.Certificate{certificate},\n\t}\n}\n")
	return b.String()
}

func chosen(choices []Choice, subject string) Choice {
	i := slices.IndexFunc(choices, func(c Choice) bool { return c.Subject == subject })
	if i < 0 {
		return Choice{}
	}
	return choices[i]
}
