//go:build tlslab_nopin

package loadgen

import (
	"errors"

	"github.com/tlslab/tlslab/handshake"
)

// PinSuite is not in this build.
func PinSuite(handshake.Suite) error {
	return errors.New("this build (tag tlslab_nopin) cannot choose a suite")
}
