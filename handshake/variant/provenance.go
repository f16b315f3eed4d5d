package variant

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/server"
)

// Verify is the provenance gate. It lists every disagreement between what was asked (b and env), what was built
// (bin) and what is running (hello, and what the process wrote to stderr), one sentence each; nil where there is
// none. A variant with a finding measures something else than its name says.
//
// A fips140 build that runs with GODEBUG=fips140=off is not a finding, nor is a std build with fips140=on: that is
// what was asked, and the process must say so.
func Verify(b Build, env map[string]string, bin SBOM, hello server.Hello, stderr string) []string {
	var f findings
	f.built(b, bin)
	f.running(b, env, bin, hello)
	f.warned(stderr)
	return f
}

type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// equal adds a finding where got is not what was asked.
func (f *findings) equal(what, asked, got string) {
	if asked != got {
		f.add("%s: asked for %s, got %s", what, orNone(asked), orNone(got))
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// built compares the binary with what was asked.
func (f *findings) built(b Build, bin SBOM) {
	f.symbol(b, bin)
	f.equal("CGO_ENABLED", b.cgo(), bin.Settings["CGO_ENABLED"])
	f.equal("GOEXPERIMENT", b.experiment(), bin.Settings["GOEXPERIMENT"])
	f.module(b, bin.Settings["GOFIPS140"])
	if bin.Settings["GOARCH"] == "amd64" {
		f.equal("GOAMD64", b.amd64(), bin.Settings["GOAMD64"])
	}
	if asked, ok := pinned(b.Toolchain); ok {
		f.equal("toolchain", asked, goRelease(bin.Go))
	}
	f.equal("tags", tagList(b.Tags), tagList(strings.Split(bin.Settings["-tags"], ",")))
	f.equal("profile", base(b.PGO), base(bin.Settings["-pgo"]))
	for _, flag := range []string{"-race", "-msan", "-asan", "-cover"} {
		if bin.Settings[flag] != "" {
			f.add("built with %s, which was not asked: see GOFLAGS", flag)
		}
	}
}

// base is a file's name without its directory; empty for none.
func base(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}

// symbol looks for the code that the linker took.
func (f *findings) symbol(b Build, bin SBOM) {
	switch boring := b.backend() == BoringCrypto; {
	case bin.Symbol == "":
		f.add("backend: the binary has neither crypto symbol: if it was stripped, see -ldflags in GOFLAGS")
	case boring && bin.Symbol != BoringSymbol:
		f.add("backend: asked for boringcrypto, but the binary has no %s: without cgo it is silently left out", BoringSymbol)
	case !boring && bin.Symbol != StandardSymbol:
		f.add("backend: asked for %s, but the binary has %s", b.backend(), bin.Symbol)
	}
}

// module compares the FIPS 140-3 module. certified and inprocess are aliases of a version that the toolchain
// chooses; a version may have been built with a suffix that tells its copies apart.
func (f *findings) module(b Build, got string) {
	switch asked := b.fips(); asked {
	case "off":
		f.equal("GOFIPS140", "", strings.TrimPrefix(got, "off"))
	case "certified", "inprocess":
		if !strings.HasPrefix(got, "v") {
			f.equal("GOFIPS140", asked, got)
		}
	default:
		if !strings.HasPrefix(got, asked+"-") {
			f.equal("GOFIPS140", asked, got)
		}
	}
}

// pinned is the release that a toolchain setting names; false where it leaves the choice to the go command.
func pinned(toolchain string) (string, bool) {
	name, _, _ := strings.Cut(toolchain, "+")
	return name, strings.HasPrefix(name, "go1")
}

// goRelease is a Go version without its experiments: go1.26.8 for go1.26.8-X:boringcrypto.
func goRelease(version string) string {
	version, _, _ = strings.Cut(version, " ")
	version, _, _ = strings.Cut(version, "-X:")
	return version
}

// tagList is a set of build tags in one order. The go command adds a tag of its own for a frozen FIPS module.
func tagList(tags []string) string {
	tags = slices.DeleteFunc(slices.Sorted(slices.Values(tags)), func(t string) bool {
		return t == "" || strings.HasPrefix(t, "fips140v")
	})
	return strings.Join(slices.Compact(tags), ",")
}

// running compares the process with the binary and with what was asked.
func (f *findings) running(b Build, env map[string]string, bin SBOM, hello server.Hello) {
	f.equal("running Go", bin.Go, hello.Go)
	f.equal("running platform", runtime.GOOS+"/"+runtime.GOARCH, hello.OS+"/"+hello.Arch)
	f.equal("GODEBUG of the process", env["GODEBUG"], hello.GODEBUG)
	f.equal("boringcrypto in use", fmt.Sprint(b.backend() == BoringCrypto), fmt.Sprint(hello.Boring))
	f.equal("fips140 in use", fmt.Sprint(enforced(env["GODEBUG"], bin.DefaultGODEBUG)), fmt.Sprint(hello.FIPS140))
	if asked, ok := env["GOMAXPROCS"]; ok {
		f.equal("GOMAXPROCS", asked, fmt.Sprint(hello.GOMAXPROCS))
	}
	if hello.FIPSModule != "" {
		module, _, _ := strings.Cut(bin.Settings["GOFIPS140"], "-")
		f.equal("running FIPS module", cmp.Or(module, "latest"), hello.FIPSModule) // what a build without one says
	}
	both := map[string]string{}
	maps.Copy(both, bin.Settings)
	maps.Copy(both, hello.Build)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		f.equal("running build's "+key, bin.Settings[key], hello.Build[key])
	}
}

// enforced says whether a process with this GODEBUG, and these defaults of its binary, enforces FIPS 140-3. The
// last setting counts, the environment before the binary.
func enforced(godebug, defaults string) bool {
	mode := "off"
	for setting := range strings.SplitSeq(defaults+","+godebug, ",") {
		if value, ok := strings.CutPrefix(setting, "fips140="); ok {
			mode = value
		}
	}
	return mode != "off" && mode != ""
}

// warned looks for CPU features that the runtime of the process could not switch: such a setting had no effect. The
// lines that begin with "GODEBUG sys/cpu:" come from golang.org/x/sys/cpu, which knows fewer features, and its
// word is not the runtime's.
func (f *findings) warned(stderr string) {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "GODEBUG: ") {
			f.add("stderr: %s", strings.TrimSpace(line))
		}
	}
}
