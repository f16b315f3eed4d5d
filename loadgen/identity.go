package loadgen

import (
	"crypto/fips140"
	"os"
	"runtime"
)

// identify reads off this process what it is.
func identify() Identity {
	return Identity{
		Go:      runtime.Version(),
		GODEBUG: os.Getenv("GODEBUG"),
		Boring:  boring(),
		FIPS140: fips140.Enabled(),
	}
}
