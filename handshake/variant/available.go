package variant

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// Available says why this machine cannot build or run b, without building it; nil where nothing is known against
// it. It looks for the go command and, where the build needs one, for a C compiler. The error is an [*Error].
func Available(b Build) error {
	if err := b.check(); err != nil {
		return err
	}
	command, err := goCommand()
	if err != nil || b.backend() != BoringCrypto {
		return err
	}
	return compiler(command)
}

// check finds what can be known from the build and the machine alone.
func (b Build) check() error {
	for _, rule := range []func(Build) error{checkBackend, checkFIPS, checkAMD64, checkToolchain, checkSource, checkExperiment} {
		if err := rule(b); err != nil {
			return err
		}
	}
	return nil
}

func checkBackend(b Build) error {
	switch b.backend() {
	case Std, FIPS140:
		return nil
	case BoringCrypto:
		if runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") {
			return nil
		}
		return because(ErrImpossible, "run this variant on linux/amd64 or linux/arm64",
			"boringcrypto does not exist for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	return because(ErrImpossible, "backends are std, fips140, boringcrypto", "unknown backend %q", b.Backend)
}

func checkFIPS(b Build) error {
	switch {
	case b.GOFIPS140 != "" && b.backend() != FIPS140:
		return because(ErrImpossible, "ask for the fips140 backend, or leave gofips140 out",
			"gofips140 %q with the %s backend", b.GOFIPS140, b.backend())
	case b.GOFIPS140 == "off":
		return because(ErrImpossible, "without the module the backend is std", "gofips140 off with the fips140 backend")
	}
	return nil
}

func checkAMD64(b Build) error {
	switch levels := []string{"v1", "v2", "v3", "v4"}; {
	case b.GOAMD64 == "":
		return nil
	case !slices.Contains(levels, b.GOAMD64):
		return because(ErrImpossible, "levels are v1, v2, v3, v4", "unknown goamd64 %q", b.GOAMD64)
	case runtime.GOARCH != "amd64":
		return because(ErrImpossible, "leave goamd64 out", "goamd64 on %s", runtime.GOARCH)
	case slices.Index(levels, b.GOAMD64) >= amd64Level():
		return because(ErrImpossible, "ask for a lower goamd64", "this CPU is below goamd64 %s", b.GOAMD64)
	}
	return nil
}

// amd64Level is the highest x86-64 level, 1 to 4, of which this CPU has all features that Go can detect.
func amd64Level() int {
	x := cpu.X86
	switch {
	case !(x.HasSSE3 && x.HasSSSE3 && x.HasSSE41 && x.HasSSE42 && x.HasPOPCNT && x.HasCX16):
		return 1
	case !(x.HasAVX && x.HasAVX2 && x.HasBMI1 && x.HasBMI2 && x.HasFMA && x.HasOSXSAVE):
		return 2
	case !(x.HasAVX512F && x.HasAVX512BW && x.HasAVX512CD && x.HasAVX512DQ && x.HasAVX512VL):
		return 3
	}
	return 4
}

func checkToolchain(b Build) error {
	switch t := b.Toolchain; {
	case t == "" || t == "local" || t == "auto" || t == "path", strings.HasPrefix(t, "go1"):
		return nil
	}
	return because(ErrImpossible, "write it as go1.26.8", "unknown toolchain %q", b.Toolchain)
}

// experimentName is how the words of GOEXPERIMENT are written; whether there is such a one only the toolchain knows.
var experimentName = regexp.MustCompile(`^[a-z0-9]+$`)

func checkExperiment(b Build) error {
	for _, name := range b.Experiment {
		switch {
		case !experimentName.MatchString(name):
			return because(ErrImpossible, "write it as in GOEXPERIMENT, one word each, for example runtimesecret", "unknown experiment %q", name)
		case name == string(BoringCrypto):
			return because(ErrImpossible, "ask for the boringcrypto backend", "experiment %s is a backend", name)
		}
	}
	return nil
}

func checkSource(b Build) error {
	if b.Source.Path != "" && b.Source.Ref != "" {
		return because(ErrImpossible, "a ref is one of the checkout that the tool runs in", "source has a path and a ref")
	}
	return nil
}

// goCommand finds the go command.
func goCommand() (string, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return "", because(ErrNoGo, "install Go and put its bin directory into PATH; variants are built on this machine",
			"%v", err)
	}
	return path, nil
}

// compiler finds the C compiler that the go command would run.
func compiler(command string) error {
	cmd := exec.Command(command, "env", "CC")
	cmd.Dir = os.TempDir() // here a go.mod could ask for another toolchain
	out, err := cmd.Output()
	if err != nil {
		return because(ErrNoGo, "see what `go env CC` says", "%v", err)
	}
	name, _, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if _, err := exec.LookPath(name); err != nil {
		return because(ErrNoCompiler, compilerHint, "%v", err)
	}
	return nil
}

const compilerHint = "install gcc or clang, or set CC; boringcrypto needs cgo"
