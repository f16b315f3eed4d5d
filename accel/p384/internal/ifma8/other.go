//go:build !amd64 || purego

package ifma8

import "errors"

// Available says why the path cannot run here, or nothing.
func Available() error {
	return errors.New("built without AVX-512 code: build for amd64 and without -tags purego")
}

// Sign is not available: it signs nothing.
func Sign(r, s, k, e, d [][6]uint64) (ok uint8) { return 0 }

// Verify is not available: it accepts nothing.
func Verify(r, s, e, x, y [][6]uint64) (ok uint8) { return 0 }
