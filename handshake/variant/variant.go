// Package variant builds the server of a variant, proves what was built, starts it and stops it.
//
// A variant is a process, never a package variable: the crypto backend, the toolchain, GOAMD64 and most GODEBUG
// settings are fixed before main begins. So the life of a variant has four steps, and each is a value:
//
//	bin, err := builder.Build(ctx, build)                      // a Binary with its SBOM
//	p, err := variant.Start(ctx, *bin, variant.Options{...})   // a Process that has said hello
//	findings := variant.Verify(build, env, bin.SBOM, p.Hello(), p.Stderr())
//	report, err := p.End(ctx)                                  // between Begin and Stop
//
// # Where the sources come from
//
// Inside a checkout (a go.mod of this module upward from the working directory, else from the tool's executable)
// the server is built from the checkout. Outside, the go command installs it at the tool's own module version.
// [Source] names another directory, or a git ref of the checkout, which is exported, not checked out: the user's
// repository is only read.
//
// # What a build is independent of
//
// GOEXPERIMENT, GOFIPS140, GODEBUG, GOAMD64, GOARM64, GOOS, GOARCH, CGO_ENABLED and GOWORK of the environment and of
// `go env -w` do not reach a build: a build is what it says. Tags and a profile are used only where asked, so a
// default.pgo is not picked up by itself. Everything else that the user has set (GOFLAGS, GOPROXY, GOTOOLCHAIN, CC)
// is kept, and [Verify] names what GOFLAGS slipped in.
//
// # Why std and fips140 are built without cgo
//
// The server speaks TCP on literal addresses: of what cgo changes in the standard library it would use nothing, and
// crypto is Go and assembly either way. Without cgo these builds need no C compiler and are the same on every
// machine. BoringCrypto cannot exist without cgo, so a comparison with it includes cgo's runtime: that is what its
// users run too.
//
// # Why there is a counter
//
// [Builder.BuildCounter] builds, in the same way, the program whose instructions are counted: package counted. What a
// comparison of counts finds is then a difference of the sources or settings that the servers differ in, too.
//
// # Why a layout has a seed
//
// Where the linker puts a function decides which cache lines and branch slots it shares, and that is worth some tenths
// of a percent of time, for better or worse. Builds that differ in Build.Layout alone are the same program in another
// order: what differs between them is not the code's doing.
//
// # The cache
//
// Binaries and exported trees are kept in tlslab/servers of the user's cache directory ([os.UserCacheDir]), or in
// the directory that TLSLAB_CACHE names. Above 2 GiB the entries that were not used for longest are removed. A
// second build of the same thing takes as long as the go command needs to see that nothing has changed. The temporary
// files of a build lie there too, whatever TMPDIR and GOTMPDIR say, and go with it.
package variant

import (
	"slices"
	"strings"
)

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
	Toolchain  string   `json:"toolchain,omitempty"` // GOTOOLCHAIN, for example go1.26.8
	Backend    Backend  `json:"backend,omitempty"`
	GOFIPS140  string   `json:"gofips140,omitempty"` // latest, certified, inprocess, v1.0.0, ...
	GOAMD64    string   `json:"goamd64,omitempty"`   // v1 to v4
	PGO        string   `json:"pgo,omitempty"`       // profile file; relative to the scenario
	Tags       []string `json:"tags,omitempty"`
	Source     Source   `json:"source,omitzero"`
	Layout     uint64   `json:"layout,omitempty"`     // seed of the linker's order of functions; zero: its own order
	Experiment []string `json:"experiment,omitempty"` // of GOEXPERIMENT, such as runtimesecret; boringcrypto is a backend
}

// Source names another tree of the server's sources.
type Source struct {
	Path string `json:"path,omitempty"` // a directory
	Ref  string `json:"ref,omitempty"`  // a git ref of the checkout that the tool runs in
}

// backend is the backend that the build asks for; the zero value asks for std.
func (b Build) backend() Backend {
	if b.Backend == "" {
		return Std
	}
	return b.Backend
}

// fips is the GOFIPS140 that the build asks for.
func (b Build) fips() string {
	switch {
	case b.backend() != FIPS140:
		return "off"
	case b.GOFIPS140 == "":
		return "latest"
	}
	return b.GOFIPS140
}

// cgo is the CGO_ENABLED that the build asks for.
func (b Build) cgo() string {
	if b.backend() == BoringCrypto {
		return "1"
	}
	return "0"
}

// experiment is the GOEXPERIMENT that the build asks for, in one order.
func (b Build) experiment() string {
	all := slices.Clone(b.Experiment)
	if b.backend() == BoringCrypto {
		all = append(all, string(BoringCrypto))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

// amd64 is the GOAMD64 that the build asks for.
func (b Build) amd64() string {
	if b.GOAMD64 == "" {
		return "v1"
	}
	return b.GOAMD64
}
