package variant

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// runGo builds the program of b into dir. What the go command and its compilers write meanwhile goes to work.
func runGo(ctx context.Context, b Build, p program, src source, dir, work string) error {
	command, err := goCommand()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command, arguments(b, p, src, dir)...)
	cmd.Dir = src.dir
	if cmd.Dir == "" {
		cmd.Dir = dir
	}
	cmd.Env = environment(b, dir, work)
	return run(ctx, cmd)
}

// run runs the go command in a process group of its own, which its compilers share, and reads its complaint. When
// ctx ends, the whole group is interrupted, and it has ended when run returns.
//
// Where this process is killed, the kernel kills the go command with it, on Linux, but not the compilers: each still
// finishes the one package that it is at, and nobody starts the next.
func run(ctx context.Context, cmd *exec.Cmd) error {
	lifeline, held, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("building the server: %w", err)
	}
	defer lifeline.Close()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &out, &out, []*os.File{held}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = StopTime
	err = StartPinned(cmd, nil)
	held.Close()
	if err == nil {
		err = cmd.Wait()
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		killGroup(cmd.Process, lifeline)
		return fmt.Errorf("building the server: %w", context.Cause(ctx))
	case out.Len() == 0:
		out.WriteString(err.Error())
	}
	return diagnose(out.String())
}

// killGroup kills what the leader of a process group, which has ended, has left behind, and waits for the end of it:
// an interrupted go command does not wait for its compilers. Each has inherited the other end of the lifeline. For
// one that has left the group, as a daemon does, it waits no longer than StopTime.
func killGroup(leader *os.Process, lifeline *os.File) {
	if leader == nil {
		return // never started
	}
	_ = syscall.Kill(-leader.Pid, syscall.SIGKILL) // fails where nobody is left
	_ = lifeline.SetReadDeadline(time.Now().Add(StopTime))
	_, _ = lifeline.Read(make([]byte, 1))
}

// fixed are the variables that a build alone decides.
var fixed = []string{
	"CGO_ENABLED", "GOAMD64", "GOARCH", "GOARM64", "GOBIN", "GODEBUG", "GOENV", "GOEXPERIMENT", "GOFIPS140", "GOOS",
	"GOTMPDIR", "GOWORK", "TMPDIR",
}

// environment is that of the go command for b: the user's, with everything that b decides in its place. GOBIN is
// for `go install`, TMPDIR for the go command, the linker and the C compiler. An empty variable would fall back to the user's `go env -w` file, so that file is read here and
// switched off.
func environment(b Build, dir, work string) []string {
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
		"GOEXPERIMENT="+b.experiment(), "GOFIPS140="+b.fips(), "GOOS="+runtime.GOOS, "GOWORK=off",
		"TMPDIR="+work)
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
	{"no space left on device", ErrCompile, "free some space, or move the caches: TLSLAB_CACHE, GOCACHE"},
	{"invalid GOTOOLCHAIN", ErrToolchain, "write it as go1.26.8"},
	{"toolchain not available", ErrToolchain, toolchainHint},
	{"golang.org/toolchain@", ErrToolchain, toolchainHint},
	{"cannot find \"go1", ErrToolchain, toolchainHint},
	{"requires go >= ", ErrToolchain, "install a newer Go, ask for a newer toolchain, or allow GOTOOLCHAIN=auto"},
	{"unknown GOEXPERIMENT", ErrToolchain, "this toolchain has no such experiment: ask for another toolchain"},
	{"invalid GOFIPS140", ErrToolchain, "this toolchain has off, latest, inprocess, certified or v1.Y.Z"},
	{"unknown GOFIPS140", ErrToolchain, "this toolchain does not have that module: ask for latest, inprocess or certified"},
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
