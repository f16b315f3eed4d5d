package variant

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// runGo builds the server of b into dir.
func runGo(ctx context.Context, b Build, src source, dir string) error {
	command, err := goCommand()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command, arguments(b, src, dir)...)
	cmd.Dir = src.dir
	if cmd.Dir == "" {
		cmd.Dir = dir
	}
	cmd.Env = environment(b, dir)
	return run(ctx, cmd)
}

// run runs the go command, which an interrupt lets stop its compilers, and reads its complaint.
func run(ctx context.Context, cmd *exec.Cmd) error {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("building the server: %w", context.Cause(ctx))
	case len(out) == 0:
		out = []byte(err.Error())
	}
	return diagnose(string(out))
}

// fixed are the variables that a build alone decides.
var fixed = []string{
	"CGO_ENABLED", "GOAMD64", "GOARCH", "GOARM64", "GOBIN", "GODEBUG", "GOENV", "GOEXPERIMENT", "GOFIPS140", "GOOS", "GOWORK",
}

// environment is that of the go command for b: the user's, with everything that b decides in its place. GOBIN is
// for `go install`. An empty variable would fall back to the user's `go env -w` file, so that file is read here and
// switched off.
func environment(b Build, dir string) []string {
	decided := fixed
	if b.Toolchain != "" {
		decided = append(slices.Clone(fixed), "GOTOOLCHAIN")
	}
	env := slices.DeleteFunc(append(goenv(), os.Environ()...), func(line string) bool {
		name, value, _ := strings.Cut(line, "=")
		return value == "" || slices.Contains(decided, name)
	})
	env = append(env,
		"CGO_ENABLED="+b.cgo(), "GOARCH="+runtime.GOARCH, "GOBIN="+dir, "GOENV=off",
		"GOEXPERIMENT="+b.experiment(), "GOFIPS140="+b.fips(), "GOOS="+runtime.GOOS, "GOWORK=off")
	if b.Toolchain != "" {
		env = append(env, "GOTOOLCHAIN="+b.Toolchain)
	}
	if runtime.GOARCH == "amd64" {
		env = append(env, "GOAMD64="+b.amd64())
	}
	return env
}

// goenv is what the user has set with `go env -w`; nil where there is no such file.
func goenv() []string {
	path := os.Getenv("GOENV")
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil
		}
		path = filepath.Join(dir, "go", "env")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil // GOENV=off, or nothing set
	}
	defer f.Close()
	return assignments(f)
}

// assignments reads lines NAME=value; others are comments.
func assignments(r io.Reader) []string {
	var all []string
	for lines := bufio.NewScanner(r); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if ok && name != "" && !strings.ContainsAny(name, "# \t") {
			all = append(all, name+"="+value)
		}
	}
	return all
}

// complaints are what the go command says when something of the machine is missing; the first that matches counts.
var complaints = []struct {
	text string
	kind error
	hint string
}{
	{"cgo: C compiler ", ErrNoCompiler, compilerHint},
	{"no space left on device", ErrCompile, "free some space, or move the caches: TLSLAB_CACHE, GOCACHE, GOTMPDIR"},
	{"invalid GOTOOLCHAIN", ErrToolchain, "write it as go1.26.8"},
	{"toolchain not available", ErrToolchain, toolchainHint},
	{"golang.org/toolchain@", ErrToolchain, toolchainHint},
	{"cannot find \"go1", ErrToolchain, toolchainHint},
	{"requires go >= ", ErrToolchain, "install a newer Go, ask for a newer toolchain, or allow GOTOOLCHAIN=auto"},
	{"unknown GOEXPERIMENT", ErrToolchain, "this toolchain has no such backend: ask for another toolchain"},
	{"invalid GOFIPS140", ErrToolchain, "this toolchain has off, latest, inprocess, certified or v1.Y.Z"},
	{"unknown GOFIPS140", ErrToolchain, "this toolchain does not have that module: ask for latest, inprocess or certified"},
	{"error obtaining VCS status", ErrCompile, "set GOFLAGS=-buildvcs=false, or make git trust the checkout"},
	{modulePath + "/" + serverPackage + "@", ErrSource, "the go command cannot get this version: check GOPROXY and the " +
		"network, or run tlslab inside a checkout"},
}

const toolchainHint = "the go command downloads toolchains: check the network, GOPROXY and the name"

// diagnose makes an [*Error] of the go command's output.
func diagnose(output string) error {
	text := firstLines(output, 8)
	for _, c := range complaints {
		if strings.Contains(output, c.text) {
			return because(c.kind, c.hint, "%s", text)
		}
	}
	return because(ErrCompile, "", "%s", text)
}

// firstLines is the beginning of the output without the go command's progress.
func firstLines(output string, n int) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "go: downloading ") })
	if len(lines) > n {
		lines = append(lines[:n:n], fmt.Sprintf("(%d more lines)", len(lines)-n))
	}
	return strings.Join(lines, "\n")
}
