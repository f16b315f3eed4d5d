// Package variant builds the server of a variant, proves what was built, starts it and stops it.
//
// A variant is a process, never a package variable: the crypto backend, the toolchain, GOAMD64 and most GODEBUG
// settings are fixed before main begins.
package variant

// Backend is where a build's cryptography comes from.
type Backend string

const (
	Std          Backend = "std"
	BoringCrypto Backend = "boringcrypto" // GOEXPERIMENT=boringcrypto, needs cgo on linux/amd64 or linux/arm64
	FIPS140      Backend = "fips140"      // GOFIPS140=latest unless said otherwise
)

// Build says how a server is built. The zero value is the std backend with the toolchain of this machine, from the
// tool's own sources.
type Build struct {
	Toolchain string   `json:"toolchain,omitempty"` // GOTOOLCHAIN, for example go1.26.8
	Backend   Backend  `json:"backend,omitempty"`
	GOFIPS140 string   `json:"gofips140,omitempty"` // latest, certified, inprocess, v1.0.0, ...
	GOAMD64   string   `json:"goamd64,omitempty"`   // v1 to v4
	PGO       string   `json:"pgo,omitempty"`       // profile file; relative to the scenario
	Tags      []string `json:"tags,omitempty"`
	Source    Source   `json:"source,omitzero"`
}

// Source names another tree of the server's sources.
type Source struct {
	Path string `json:"path,omitempty"` // a directory
	Ref  string `json:"ref,omitempty"`  // a git ref of the checkout that the tool runs in
}
