package variant

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/server"
)

// genuine is a build, its binary and its process, of which the gate has nothing to say.
func genuine() (Build, map[string]string, SBOM, server.Hello) {
	settings := map[string]string{"CGO_ENABLED": "0", "GOARCH": "amd64", "GOAMD64": "v3", "-tags": "b,a,fips140v1.0", "-pgo": "cpu.pprof",
		"GOFIPS140": "v1.0.0-c2097c7c", "DefaultGODEBUG": "fips140=on", "-trimpath": "true"}
	b := Build{Toolchain: "go1.26.8+auto", Backend: FIPS140, GOFIPS140: "v1.0.0", GOAMD64: "v3", PGO: "profiles/cpu.pprof", Tags: []string{"a", "b"}}
	bin := SBOM{Go: "go1.26.8", Settings: settings, DefaultGODEBUG: "fips140=on", Symbol: StandardSymbol}
	hello := server.Hello{Go: "go1.26.8", OS: runtime.GOOS, Arch: runtime.GOARCH, Build: maps.Clone(settings),
		GODEBUG: "cpu.aes=off", GOMAXPROCS: 1, FIPS140: true, FIPSModule: "v1.0.0"}
	return b, map[string]string{"GODEBUG": "cpu.aes=off", "GOMAXPROCS": "1"}, bin, hello
}

func TestVerify(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Build, map[string]string, *SBOM, *server.Hello)
		stderr string
		want   []string // beginnings of the findings
	}{
		{"genuine", func(*Build, map[string]string, *SBOM, *server.Hello) {}, "", nil},
		{"certified", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.GOFIPS140 = "certified" }, "", nil},
		{"other sys/cpu", func(*Build, map[string]string, *SBOM, *server.Hello) {},
			"GODEBUG sys/cpu: unknown cpu feature \"aes\"\nlog: GODEBUG: unknown\n", nil},
		{"toolchain left open", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.Toolchain = "local" }, "", nil},
		{"module switched off", func(_ *Build, env map[string]string, _ *SBOM, h *server.Hello) {
			env["GODEBUG"], h.GODEBUG, h.FIPS140 = "fips140=off", "fips140=off", false
		}, "", nil},

		{"module off by itself", func(_ *Build, _ map[string]string, _ *SBOM, h *server.Hello) { h.FIPS140 = false }, "",
			[]string{"fips140 in use: asked for true, got false"}},
		{"other module", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.GOFIPS140 = "latest" }, "",
			[]string{"GOFIPS140: asked for latest, got v1.0.0-c2097c7c"}},
		{"other running module", func(_ *Build, _ map[string]string, _ *SBOM, h *server.Hello) { h.FIPSModule = "latest" }, "",
			[]string{"running FIPS module: asked for v1.0.0, got latest"}},
		{"boring without module", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) {
			b.Backend, b.GOFIPS140 = BoringCrypto, ""
		}, "", []string{"backend: asked for boringcrypto", "CGO_ENABLED: asked for 1", "GOEXPERIMENT: asked for boringcrypto",
			"GOFIPS140: asked for none", "boringcrypto in use: asked for true"}},
		{"boring by accident", func(_ *Build, _ map[string]string, s *SBOM, h *server.Hello) {
			s.Symbol, h.Boring = BoringSymbol, true
		}, "", []string{"backend: asked for fips140", "boringcrypto in use: asked for false"}},
		{"stripped", func(_ *Build, _ map[string]string, s *SBOM, _ *server.Hello) { s.Symbol = "" }, "", []string{"backend: the binary has neither"}},
		{"level", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.GOAMD64 = "" }, "", []string{"GOAMD64: asked for v1, got v3"}},
		{"toolchain", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.Toolchain = "go1.26.7" }, "",
			[]string{"toolchain: asked for go1.26.7, got go1.26.8"}},
		{"tags", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.Tags = nil }, "", []string{"tags: asked for none, got a,b"}},
		{"profile", func(b *Build, _ map[string]string, _ *SBOM, _ *server.Hello) { b.PGO = "" }, "", []string{"profile: asked for none, got cpu.pprof"}},
		{"race detector", func(_ *Build, _ map[string]string, s *SBOM, h *server.Hello) {
			s.Settings["-race"], h.Build["-race"] = "true", "true"
		}, "", []string{"built with -race"}},
		{"other process", func(_ *Build, _ map[string]string, _ *SBOM, h *server.Hello) {
			h.Go, h.Build["GOAMD64"] = "go1.26.7", "v1"
		}, "",
			[]string{"running Go: asked for go1.26.8", "running build's GOAMD64: asked for v3, got v1"}},
		{"environment", func(_ *Build, _ map[string]string, _ *SBOM, h *server.Hello) { h.GODEBUG, h.GOMAXPROCS = "", 2 }, "",
			[]string{"GODEBUG of the process: asked for cpu.aes=off, got none", "GOMAXPROCS: asked for 1, got 2"}},
		{"unknown feature", func(*Build, map[string]string, *SBOM, *server.Hello) {}, "GODEBUG: unknown cpu feature \"pmull\"\n",
			[]string{`stderr: GODEBUG: unknown cpu feature "pmull"`}},
		{"missing feature", func(*Build, map[string]string, *SBOM, *server.Hello) {}, "GODEBUG: can not enable \"avx2\", missing CPU support\n",
			[]string{`stderr: GODEBUG: can not enable "avx2"`}},
	} {
		b, env, bin, hello := genuine()
		test.change(&b, env, &bin, &hello)
		got := Verify(b, env, bin, hello, test.stderr)
		if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
			t.Errorf("%s:\ngot  %q\nwant %q", test.name, got, test.want)
		}
	}
}

func TestVerifyNothing(t *testing.T) {
	if got := Verify(Build{}, nil, SBOM{}, server.Hello{}, ""); len(got) == 0 {
		t.Error("an unknown binary passes")
	}
}

func TestEnforced(t *testing.T) {
	for _, test := range []struct {
		godebug, defaults string
		want              bool
	}{
		{"", "", false}, {"", "fips140=on", true}, {"fips140=off", "fips140=on", false}, {"fips140=only", "", true},
		{"fips140=off,fips140=on", "", true}, {"xfips140=on", "", false}, {"tlsmlkem=0", "tlsmlkem=1,fips140=on", true},
	} {
		if got := enforced(test.godebug, test.defaults); got != test.want {
			t.Errorf("GODEBUG=%s over %s: %t, want %t", test.godebug, test.defaults, got, test.want)
		}
	}
}
