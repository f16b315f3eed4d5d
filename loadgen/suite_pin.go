//go:build !tlslab_nopin

package loadgen

import (
	_ "unsafe" // for go:linkname

	"github.com/tlslab/tlslab/handshake"
)

// crypto/tls has no setting for the suites of TLS 1.3, but marks its lists for go:linkname (go.dev/issue/67401), so
// no linker flag is needed. Build with the tag tlslab_nopin where a later Go has taken the mark away.

//go:linkname offered crypto/tls.defaultCipherSuitesTLS13
var offered []uint16

//go:linkname offeredWithoutAES crypto/tls.defaultCipherSuitesTLS13NoAES
var offeredWithoutAES []uint16

// PinSuite makes every handshake of this process offer one suite only. It is for a generator process, before its
// first handshake; the choice is not undone. In FIPS 140 mode it has no effect, which Spec.Check then finds.
func PinSuite(suite handshake.Suite) error {
	offered = []uint16{uint16(suite)}
	offeredWithoutAES = offered
	return nil
}
