package profile

import (
	"slices"
	"strings"

	pprof "github.com/google/pprof/profile"
)

// tlsPackages are those whose functions, and whatever they call, are TLS.
var tlsPackages = []string{"crypto/tls", "github.com/quic-go/quic-go/internal/handshake"}

// withinTLS says whether a stack holds a function of TLS. What TLS calls counts as well: cryptography, the check of
// certificates, callbacks of the application, and the sockets that its records are read from and written to. Work that
// loses its callers, as on other stacks of the runtime, does not.
func withinTLS(stack []*pprof.Location) bool {
	return slices.ContainsFunc(names(stack), func(function string) bool {
		pkg := importPath(function)
		return slices.ContainsFunc(tlsPackages, func(of string) bool { return pkg == of || strings.HasPrefix(pkg, of+"/") })
	})
}

// TLSShare is the share of the processor time that was spent within TLS; false where there is no sample.
func (t *Time) TLSShare() (float64, bool) {
	if t == nil || t.CPU <= 0 {
		return 0, false
	}
	return float64(t.TLS) / float64(t.CPU), true
}
