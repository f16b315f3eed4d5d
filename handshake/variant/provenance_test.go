package variant

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/server"
)

// claim is what the gate judges, stderr apart.
type claim struct {
	asked Build
	env   map[string]string
	bin   SBOM
	hello server.Hello
}

// genuine is a claim of which the gate has nothing to say.
func genuine() claim {
	settings := map[string]string{"CGO_ENABLED": "0", "GOARCH": "amd64", "GOAMD64": "v3", "-tags": "b,a,fips140v1.0", "-pgo": "cpu.pprof",
		"GOFIPS140": "v1.0.0-c2097c7c", "DefaultGODEBUG": "fips140=on", "-trimpath": "true"}
	asked := Build{Toolchain: "go1.26.8+auto", Backend: FIPS140, GOFIPS140: "v1.0.0", GOAMD64: "v3", PGO: "profiles/cpu.pprof", Tags: []string{"a", "b"}}
	bin := SBOM{Go: "go1.26.8", Settings: settings, DefaultGODEBUG: "fips140=on", Symbol: StandardSymbol}
	hello := server.Hello{Go: "go1.26.8", OS: runtime.GOOS, Arch: runtime.GOARCH, Build: maps.Clone(settings),
		GODEBUG: "cpu.aes=off", GOMAXPROCS: 1, FIPS140: true, FIPSModule: "v1.0.0"}
	return claim{asked, map[string]string{"GODEBUG": "cpu.aes=off", "GOMAXPROCS": "1"}, bin, hello}
}

func TestVerify(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*claim)
		stderr string
		want   []string // beginnings of the findings
	}{
		{"genuine", func(*claim) {}, "", nil},
		{"certified", func(c *claim) { c.asked.GOFIPS140 = "certified" }, "", nil},
		{"other sys/cpu", func(*claim) {},
			"GODEBUG sys/cpu: unknown cpu feature \"aes\"\nlog: GODEBUG: unknown\n", nil},
		{"toolchain left open", func(c *claim) { c.asked.Toolchain = "local" }, "", nil},
		{"module switched off", func(c *claim) {
			c.env["GODEBUG"], c.hello.GODEBUG, c.hello.FIPS140 = "fips140=off", "fips140=off", false
		}, "", nil},

		{"module off by itself", func(c *claim) { c.hello.FIPS140 = false }, "",
			[]string{"fips140 in use: asked for true, got false"}},
		{"other module", func(c *claim) { c.asked.GOFIPS140 = "latest" }, "",
			[]string{"GOFIPS140: asked for latest, got v1.0.0-c2097c7c"}},
		{"other running module", func(c *claim) { c.hello.FIPSModule = "latest" }, "",
			[]string{"running FIPS module: asked for v1.0.0, got latest"}},
		{"boring without module", func(c *claim) { c.asked.Backend, c.asked.GOFIPS140 = BoringCrypto, "" }, "", []string{"backend: asked for boringcrypto", "CGO_ENABLED: asked for 1", "GOEXPERIMENT: asked for boringcrypto",
			"GOFIPS140: asked for none", "boringcrypto in use: asked for true"}},
		{"boring by accident", func(c *claim) { c.bin.Symbol, c.hello.Boring = BoringSymbol, true }, "", []string{"backend: asked for fips140", "boringcrypto in use: asked for false"}},
		{"stripped", func(c *claim) { c.bin.Symbol = "" }, "", []string{"backend: the binary has neither"}},
		{"level", func(c *claim) { c.asked.GOAMD64 = "" }, "", []string{"GOAMD64: asked for v1, got v3"}},
		{"toolchain", func(c *claim) { c.asked.Toolchain = "go1.26.7" }, "",
			[]string{"toolchain: asked for go1.26.7, got go1.26.8"}},
		{"tags", func(c *claim) { c.asked.Tags = nil }, "", []string{"tags: asked for none, got a,b"}},
		{"profile", func(c *claim) { c.asked.PGO = "" }, "", []string{"profile: asked for none, got cpu.pprof"}},
		{"race detector", func(c *claim) { c.bin.Settings["-race"], c.hello.Build["-race"] = "true", "true" }, "", []string{"built with -race"}},
		{"other process", func(c *claim) { c.hello.Go, c.hello.Build["GOAMD64"] = "go1.26.7", "v1" }, "",
			[]string{"running Go: asked for go1.26.8", "running build's GOAMD64: asked for v3, got v1"}},
		{"environment", func(c *claim) { c.hello.GODEBUG, c.hello.GOMAXPROCS = "", 2 }, "",
			[]string{"GODEBUG of the process: asked for cpu.aes=off, got none", "GOMAXPROCS: asked for 1, got 2"}},
		{"unknown feature", func(*claim) {}, "GODEBUG: unknown cpu feature \"pmull\"\n",
			[]string{`stderr: GODEBUG: unknown cpu feature "pmull"`}},
		{"missing feature", func(*claim) {}, "GODEBUG: can not enable \"avx2\", missing CPU support\n",
			[]string{`stderr: GODEBUG: can not enable "avx2"`}},
	} {
		c := genuine()
		test.change(&c)
		got := Verify(c.asked, c.env, c.bin, c.hello, test.stderr)
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
