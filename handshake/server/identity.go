package server

import (
	"crypto/fips140"
	"os"
	"runtime"
	"runtime/debug"
)

// Identity is what this process is, read from the process itself.
func Identity() Hello {
	h := Hello{
		PID:        os.Getpid(),
		Go:         runtime.Version(),
		OS:         runtime.GOOS,
		Arch:       runtime.GOARCH,
		Build:      map[string]string{},
		GODEBUG:    os.Getenv("GODEBUG"),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		FIPS140:    fips140.Enabled(),
		Boring:     boring(),
	}
	if h.FIPS140 {
		h.FIPSModule = fips140.Version()
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			h.Build[s.Key] = s.Value
		}
	}
	return h
}
