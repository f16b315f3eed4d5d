package variant

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/server"
)

// builder builds from a checkout, into a cache of its own.
func builder(t *testing.T, checkout string) *Builder {
	t.Helper()
	return &Builder{Cache: t.TempDir(), MaxBytes: DefaultMaxBytes, Checkout: checkout}
}

func mustBuild(t *testing.T, b *Builder, build Build) *Binary {
	t.Helper()
	bin, err := b.Build(t.Context(), build, "plain")
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// verify starts a binary and passes it through the provenance gate.
func verify(t *testing.T, b Build, env map[string]string, bin *Binary) []string {
	t.Helper()
	p, err := Start(t.Context(), *bin, Options{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(t.Context())
	return Verify(b, env, bin.SBOM, p.Hello(), p.Stderr())
}

// compiled is a server as the go command builds it in this environment, without a Builder.
func compiled(t *testing.T, files map[string]string, env ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), serverName)
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", path, "./"+serverPackage)
	cmd.Dir = plant(t, files)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// What the environment says of these must not reach a build.
func polluted(t *testing.T) {
	t.Setenv("GOEXPERIMENT", "nonsense")
	t.Setenv("GOFIPS140", "nonsense")
	t.Setenv("GODEBUG", "fips140=only")
	t.Setenv("GOOS", "plan9")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOWORK", "/nonexistent")
}

func TestBuildStd(t *testing.T) {
	b := builder(t, plant(t, tree))
	polluted(t)
	t.Setenv("CC", "/nonexistent")
	bin := mustBuild(t, b, Build{})
	if bin.SBOM.Source != "checkout" || bin.SBOM.Symbol != StandardSymbol || len(bin.SBOM.SHA256) != 64 || bin.SBOM.Bytes < 1<<20 {
		t.Errorf("SBOM %+v", bin.SBOM)
	}
	if got, want := bin.SBOM.Path, modulePath+"/"+serverPackage; got != want {
		t.Errorf("main package %s, want %s", got, want)
	}
	for _, env := range []map[string]string{nil, {"GODEBUG": "tlsmlkem=0"}, {"GODEBUG": "fips140=on"}, {"GOMAXPROCS": "1"}} {
		if got := verify(t, Build{}, env, bin); got != nil {
			t.Errorf("%v: %q", env, got)
		}
	}
	env := map[string]string{"GODEBUG": "cpu.nonsense=off"}
	if got := verify(t, Build{}, env, bin); len(got) != 1 || !strings.HasPrefix(got[0], "stderr: GODEBUG: unknown cpu feature") {
		t.Errorf("%v: %q", env, got)
	}
	if got := verify(t, Build{Backend: FIPS140}, nil, bin); len(got) != 1 || !strings.HasPrefix(got[0], "GOFIPS140: ") {
		t.Errorf("a std binary passes for fips140 but for %q", got)
	}
}

func TestBuildTwice(t *testing.T) {
	dir := plant(t, tree)
	b := builder(t, dir)
	first := mustBuild(t, b, Build{})
	again := mustBuild(t, b, Build{})
	if first.Path != again.Path || first.SBOM.SHA256 != again.SBOM.SHA256 {
		t.Errorf("built %s, then %s", first.SBOM.SHA256, again.SBOM.SHA256)
	}
	other := mustBuild(t, b, Build{Tags: []string{"b", "a"}})
	if other.Path == first.Path {
		t.Error("a build with tags took the place of the one without")
	}
	if got := verify(t, Build{Tags: []string{"a", "b"}}, nil, other); got != nil {
		t.Errorf("tags: %q", got)
	}
	source := filepath.Join(dir, "cmd/tlslab-server/more.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc init() { println(\"more\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if edited := mustBuild(t, b, Build{}); edited.SBOM.SHA256 == first.SBOM.SHA256 {
		t.Error("edited sources, same binary")
	}
	if _, err := Start(t.Context(), *first, Options{}); !errors.Is(err, errChanged) {
		t.Errorf("starting what was replaced: %v, want %v", err, errChanged)
	}
}

func TestBuildFIPS140(t *testing.T) {
	b := builder(t, plant(t, tree))
	t.Setenv("CC", "/nonexistent")
	asked := Build{Backend: FIPS140}
	bin := mustBuild(t, b, asked)
	if bin.SBOM.DefaultGODEBUG != "fips140=on" || bin.SBOM.Settings["GOFIPS140"] != "latest" {
		t.Errorf("SBOM %+v", bin.SBOM)
	}
	for _, env := range []map[string]string{nil, {"GODEBUG": "fips140=off"}, {"GODEBUG": "fips140=only"}} {
		if got := verify(t, asked, env, bin); got != nil {
			t.Errorf("%v: %q", env, got)
		}
	}
	if got := verify(t, Build{}, nil, bin); len(got) == 0 {
		t.Error("a fips140 binary passes for std")
	}
}

func TestBuildBoringCrypto(t *testing.T) {
	asked := Build{Backend: BoringCrypto}
	if err := Available(asked); err != nil {
		t.Skip("boringcrypto: ", err)
	}
	b := builder(t, plant(t, tree))
	bin := mustBuild(t, b, asked)
	if bin.SBOM.Symbol != BoringSymbol {
		t.Errorf("symbol %q, want %q", bin.SBOM.Symbol, BoringSymbol)
	}
	if got := verify(t, asked, nil, bin); got != nil {
		t.Errorf("%q", got)
	}
	_, err := Start(t.Context(), *bin, Options{Env: map[string]string{"GODEBUG": "fips140=on"}})
	var with *Error
	if !errors.As(err, &with) || !strings.Contains(with.Hint, "GODEBUG=fips140") {
		t.Errorf("boringcrypto with fips140=on: %v, want a hint", err)
	}
}

func TestBuildExperiment(t *testing.T) {
	b := builder(t, plant(t, tree))
	asked := Build{Experiment: []string{"runtimesecret"}}
	bin := mustBuild(t, b, asked)
	if !strings.HasSuffix(bin.SBOM.Go, "-X:runtimesecret") {
		t.Errorf("built by %s", bin.SBOM.Go)
	}
	if got := verify(t, asked, nil, bin); got != nil {
		t.Errorf("%q", got)
	}
	if got := verify(t, Build{}, nil, bin); len(got) != 1 || got[0] != "GOEXPERIMENT: asked for none, got runtimesecret" {
		t.Errorf("an experiment passes for std but for %q", got)
	}
}

func TestExperiment(t *testing.T) {
	for want, b := range map[string]Build{
		"":                           {},
		"boringcrypto":               {Backend: BoringCrypto},
		"jsonv2,runtimesecret":       {Experiment: []string{"runtimesecret", "jsonv2"}},
		"boringcrypto,runtimesecret": {Backend: BoringCrypto, Experiment: []string{"runtimesecret"}},
	} {
		if got := b.experiment(); got != want {
			t.Errorf("%+v: GOEXPERIMENT=%s, want %s", b, got, want)
		}
	}
}

// A field that a build does not use must not give its cache entry another name.
func TestKeyHoldsWhatIsAsked(t *testing.T) {
	text, err := json.Marshal(Build{})
	if err != nil || string(text) != "{}" {
		t.Errorf("the plain build is %s, %v", text, err)
	}
	if key(Build{}, source{}) == key(Build{Experiment: []string{"runtimesecret"}}, source{}) {
		t.Error("an experiment has the cache entry of the plain build")
	}
}

// Without cgo the go command leaves BoringCrypto out and still writes boringcrypto into the binary.
func TestBoringCryptoLeftOut(t *testing.T) {
	path := compiled(t, tree, "GOEXPERIMENT=boringcrypto", "CGO_ENABLED=0")
	sbom, err := ReadSBOM(path)
	if err != nil {
		t.Fatal(err)
	}
	if sbom.Symbol != StandardSymbol || sbom.Settings["GOEXPERIMENT"] != "boringcrypto" {
		t.Errorf("symbol %s, GOEXPERIMENT %s", sbom.Symbol, sbom.Settings["GOEXPERIMENT"])
	}
	got := verify(t, Build{Backend: BoringCrypto}, nil, &Binary{Path: path, SBOM: sbom})
	if len(got) == 0 || !strings.Contains(got[0], "without cgo it is silently left out") {
		t.Errorf("findings %q", got)
	}
}

func TestBuildFails(t *testing.T) {
	const broken = "package main\n\nfunc init() { undefined() }\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		env   map[string]string
		build Build
		kind  error
		want  string
		hint  string
	}{
		{"no go", tree, map[string]string{"PATH": "/nonexistent"}, Build{}, ErrNoGo, "", "install Go"},
		{"no compiler", tree, map[string]string{"CC": "/nonexistent/cc"}, Build{Backend: BoringCrypto}, ErrNoCompiler,
			`C compiler "/nonexistent/cc" not found`, "gcc"},
		{"compile error", with("cmd/tlslab-server/more.go", broken), nil, Build{}, ErrCompile, "undefined: undefined", ""},
		{"go.mod asks for more", with("go.mod", "module "+modulePath+"\n\ngo 1.99.0\n"),
			map[string]string{"GOTOOLCHAIN": "local"}, Build{}, ErrToolchain, "requires go >= 1.99.0", "newer Go"},
		{"toolchain not to be had", tree, map[string]string{"GOPROXY": "off"}, Build{Toolchain: "go1.99.0"}, ErrToolchain,
			"toolchain not available", "GOPROXY"},
		{"bad module version", tree, nil, Build{Backend: FIPS140, GOFIPS140: "v9"}, ErrToolchain, "GOFIPS140", "certified"},
		{"no such experiment", tree, nil, Build{Experiment: []string{"nonesuch"}}, ErrToolchain, "unknown GOEXPERIMENT", "another toolchain"},
		{"no profile", tree, nil, Build{PGO: "/nonexistent/cpu.pprof"}, ErrSource, "no such file", "profile"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.build.Backend == BoringCrypto && checkBackend(test.build) != nil {
				t.Skip(checkBackend(test.build))
			}
			b := builder(t, plant(t, test.files))
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			_, err := b.Build(t.Context(), test.build, "plain")
			var with *Error
			if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %v: %s", err, test.kind, test.want)
			}
			if !errors.As(err, &with) || !strings.Contains(with.Hint, test.hint) {
				t.Errorf("hint of %v does not say %q", err, test.hint)
			}
		})
	}
}

func TestBuildInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := builder(t, plant(t, tree)).Build(ctx, Build{}, "plain"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	text := "# mine\nGOEXPERIMENT=boringcrypto\nGOPRIVATE=example.com\nGOAMD64=v4\nGOFLAGS=-mod=mod\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOENV", file)
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOPRIVATE", "")
	t.Setenv("GOTMPDIR", "/tmp")
	got := environment(Build{Toolchain: "go1.26.8"}, "/bin", "/work")
	for _, want := range []string{"GOPRIVATE=example.com", "GOEXPERIMENT=", "GOENV=off", "GOTOOLCHAIN=go1.26.8", "CGO_ENABLED=0", "TMPDIR=/work"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, not := range []string{"GOEXPERIMENT=boringcrypto", "GOAMD64=v4", "GOTOOLCHAIN=local", "GOTMPDIR=/tmp"} {
		if slices.Contains(got, not) {
			t.Errorf("leaked %s", not)
		}
	}
	file1, env := slices.Index(got, "GOFLAGS=-mod=mod"), slices.Index(got, "GOFLAGS=-modcacherw")
	if file1 < 0 || env < file1 {
		t.Errorf("GOFLAGS of the file at %d, of the environment at %d: the later one counts", file1, env)
	}
}

func TestReadSBOMOfOther(t *testing.T) {
	path := filepath.Join(plant(t, map[string]string{"text": "no executable"}), "text")
	if _, err := ReadSBOM(path); err == nil {
		t.Error("a text file has an SBOM")
	}
	if _, err := ReadSBOM(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}

// A Mach-O file needs no Mac to be built.
func TestReadSBOMOfMachO(t *testing.T) {
	path := compiled(t, map[string]string{"go.mod": tree["go.mod"], "cmd/tlslab-server/main.go": `package main

import "crypto/sha1"

func main() { println(len(sha1.New().Sum(nil))) }
`}, "GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0")
	sbom, err := ReadSBOM(path)
	if err != nil || sbom.Symbol != StandardSymbol || sbom.Settings["GOOS"] != "darwin" {
		t.Errorf("symbol %q of %s, %v; want %q", sbom.Symbol, sbom.Settings["GOOS"], err, StandardSymbol)
	}
}

func TestStrippedBinary(t *testing.T) {
	b := builder(t, plant(t, tree))
	t.Setenv("GOFLAGS", "-ldflags=-s")
	bin := mustBuild(t, b, Build{})
	var hello server.Hello
	got := Verify(Build{}, nil, bin.SBOM, hello, "")
	if runtime.GOOS == "linux" && !strings.Contains(strings.Join(got, "\n"), "if it was stripped") {
		t.Errorf("findings %q", got)
	}
}
