package variant

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// fakeGo stands for the go command: it writes a temporary file, starts a compiler and waits. It ends when it is
// interrupted, and leaves its files; the compiler does not.
func fakeGo() {
	test := alive()
	if err := os.WriteFile(filepath.Join(os.TempDir(), "go-build"), nil, 0o644); err != nil {
		panic(err)
	}
	compiler := exec.Cmd{Path: os.Args[0], Args: []string{"compile"}}
	if err := compiler.Start(); err != nil {
		panic(err)
	}
	test.Read(make([]byte, 1))
}

// fakeCompile is a compiler that no interrupt ends. It lives until the test has ended.
func fakeCompile() {
	ignoreInterrupts()
	alive().Read(make([]byte, 1))
}

// toolchain puts a fake go command into PATH. It yields the connections of what was started, which end with it:
// the go command's, then its compiler's.
func toolchain(t *testing.T) *net.UnixListener {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(self(t).Path, filepath.Join(dir, "go")); err != nil {
		t.Fatal(err)
	}
	listener, path := lifeline(t)
	t.Setenv("PATH", dir)
	t.Setenv("TLSLAB_ALIVE", path)
	return listener
}

// A build that is interrupted leaves no process, not even a compiler that ignores it, and no file.
func TestBuildLeavesNothing(t *testing.T) {
	listener := toolchain(t)
	ctx, cancel := context.WithCancel(t.Context())
	b := builder(t, plant(t, tree))
	failed := make(chan error)
	go func() {
		_, err := b.Build(ctx, Build{}, "plain")
		failed <- err
	}()
	command, compiler := accept(t, listener), accept(t, listener)
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	ends(t, "the go command", command, time.Second)
	ends(t, "the compiler", compiler, time.Second)
	if left, err := filepath.Glob(filepath.Join(b.Cache, "partial-*")); err != nil || left != nil {
		t.Errorf("left in the cache: %q, %v", left, err)
	}
}

// fakeBuilder builds with the go command of its PATH.
func fakeBuilder() {
	b := Builder{Cache: os.Getenv("TLSLAB_CACHE"), Checkout: os.Getenv("TLSLAB_CHECKOUT")}
	_, err := b.Build(context.Background(), Build{}, "plain")
	panic(err)
}

func TestBuilderGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills the children of a dead parent")
	}
	listener := toolchain(t)
	t.Setenv("TLSLAB_FAKE", "builder")
	t.Setenv("TLSLAB_CACHE", t.TempDir())
	t.Setenv("TLSLAB_CHECKOUT", plant(t, tree))
	parent := exec.Command(self(t).Path)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	command, _ := accept(t, listener), accept(t, listener)
	parent.Process.Kill()
	parent.Wait()
	ends(t, "the go command", command, 20*time.Second)
}
