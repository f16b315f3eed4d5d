package variant

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindCheckout(t *testing.T) {
	root := plant(t, with("apps/go.mod", "module "+modulePath+"/apps\n"))
	for _, dir := range []string{root, filepath.Join(root, serverPackage), filepath.Join(root, "apps")} {
		if got := findCheckout(dir); got != root {
			t.Errorf("from %s: %q, want %q", dir, got, root)
		}
	}
	if got := findCheckout(plant(t, map[string]string{"go.mod": "module example.com/other\n"})); got != "" {
		t.Errorf("another module's tree: %q", got)
	}
}

func TestModuleOf(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"module example.com/m\n", "example.com/m"},
		{"// module no\n\nmodule \"example.com/m\" // yes\ngo 1.26\n", "example.com/m"},
		{"module\n", ""},
		{"", ""},
	} {
		if got := moduleOf(test.text); got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

func TestNewBuilder(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("TLSLAB_CACHE", cache)
	t.Chdir(plant(t, tree))
	b, err := NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if b.Cache != cache || b.Checkout != here || b.MaxBytes != 2<<30 {
		t.Errorf("%s, %s, %d; want %s, %s, 2 GiB", b.Cache, b.Checkout, b.MaxBytes, cache, here)
	}
}

func TestBuildPath(t *testing.T) {
	b := builder(t, "")
	asked := Build{Source: Source{Path: plant(t, tree)}}
	bin := mustBuild(t, b, asked)
	if bin.SBOM.Source != "directory" {
		t.Errorf("source %q, want directory", bin.SBOM.Source)
	}
	if got := verify(t, asked, nil, bin); got != nil {
		t.Errorf("%q", got)
	}
}

// A checkout is named by its commit where git answers. Where git does not, the server is built all the same.
func TestBuildCheckout(t *testing.T) {
	t.Setenv("GOFLAGS", "-buildvcs=true") // whatever the go command would ask git
	dir := plant(t, tree)
	commit := repository(t, dir)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := builder(t, dir)
	for _, test := range []struct {
		name   string
		change func()
		want   string
	}{
		{"clean", func() {}, "checkout@" + commit},
		{"new file", func() { write("cmd/tlslab-server/more.go", "package main\n") }, "checkout@" + commit + "+dirty"},
		{"not tracked", func() { git(t, dir, "rm", "-q", "--cached", "go.mod"); git(t, dir, "commit", "-q", "-m", "other") }, "checkout"},
		{"broken", func() { os.Remove(filepath.Join(dir, ".git/HEAD")) }, "checkout"},
	} {
		test.change()
		bin, err := b.Build(t.Context(), Build{}, "plain")
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if bin.SBOM.Source != test.want {
			t.Errorf("%s: source %q, want %q", test.name, bin.SBOM.Source, test.want)
		}
	}
}

func TestBuildRef(t *testing.T) {
	dir := plant(t, tree)
	commit := repository(t, dir)
	if err := os.Remove(filepath.Join(dir, serverPackage, "main.go")); err != nil {
		t.Fatal(err) // what is checked out now does not build: only the commit does
	}
	b := builder(t, dir)
	bin := mustBuild(t, b, Build{Source: Source{Ref: "HEAD"}})
	if bin.SBOM.Source != commit {
		t.Errorf("source %q, want %q", bin.SBOM.Source, commit)
	}
	if again := mustBuild(t, b, Build{Source: Source{Ref: commit[:10]}}); again.Path != bin.Path {
		t.Errorf("one commit by two names: %s and %s", bin.Path, again.Path)
	}
	if got := git(t, dir, "worktree", "list"); strings.Count(got, "\n") != 0 {
		t.Errorf("work trees of the repository: %s", got)
	}
	if _, err := b.Build(t.Context(), Build{}, "plain"); !errors.Is(err, ErrCompile) {
		t.Errorf("the checkout itself: %v, want %v", err, ErrCompile)
	}
}

func TestNoSource(t *testing.T) {
	dir := plant(t, tree)
	repository(t, dir)
	for _, test := range []struct {
		name     string
		checkout string
		version  string
		source   Source
		want     string
	}{
		{"unknown ref", dir, "", Source{Ref: "no-such-branch"}, `unknown git ref "no-such-branch"`},
		{"option as ref", dir, "", Source{Ref: "--all"}, `unknown git ref "--all"`},
		{"ref without checkout", "", "", Source{Ref: "main"}, "without a checkout"},
		{"empty directory", "", "", Source{Path: t.TempDir()}, "has no go.mod"},
		{"development version", "", "(devel)", Source{}, "no released version ((devel))"},
		{"unknown version", "", "", Source{}, "no released version (unknown)"},
		{"uncommitted changes", "", "v0.1.1-0.20260102030405-0123456789ab+dirty", Source{}, "no released version"},
	} {
		b := builder(t, test.checkout)
		b.Version = test.version
		_, err := b.Build(t.Context(), Build{Source: test.source}, "plain")
		var with *Error
		if !errors.Is(err, ErrSource) || !strings.Contains(err.Error(), test.want) || !errors.As(err, &with) || with.Hint == "" {
			t.Errorf("%s: got %v, want %v: %s", test.name, err, ErrSource, test.want)
		}
	}
}

func TestBuildRelease(t *testing.T) {
	b := builder(t, "")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOPROXY", "file://"+proxy(t, "v0.1.0"))
	t.Setenv("GONOSUMDB", "*")
	b.Version = "v0.1.0"
	bin := mustBuild(t, b, Build{})
	if bin.SBOM.Source != "v0.1.0" {
		t.Errorf("source %q, want v0.1.0", bin.SBOM.Source)
	}
	if got := verify(t, Build{}, nil, bin); got != nil {
		t.Errorf("%q", got)
	}
	b.Version = "v0.2.0"
	if _, err := b.Build(t.Context(), Build{}, "plain"); !errors.Is(err, ErrSource) {
		t.Errorf("a version that the proxy does not have: %v, want %v", err, ErrSource)
	}
}

// archive is a tar file with one entry.
func archive(t testing.TB, header tar.Header, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header.Size = int64(len(content))
	if err := w.WriteHeader(&header); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExtractStaysInside(t *testing.T) {
	for _, name := range []string{"../escaped", "/escaped", "a/../../escaped"} {
		parent := t.TempDir()
		dir := filepath.Join(parent, "inside")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		text := archive(t, tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}, "x")
		if err := extract(bytes.NewReader(text), dir); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(filepath.Join(parent, "escaped")); err == nil {
			t.Errorf("%s: written outside", name)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(archive(f, tar.Header{Name: "a/b", Typeflag: tar.TypeReg, Mode: 0o644}, "x"))
	f.Add(archive(f, tar.Header{Name: "../a", Typeflag: tar.TypeReg, Mode: 0o644}, "x"))
	f.Add(archive(f, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../.."}, ""))
	f.Fuzz(func(t *testing.T, text []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "inside")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		_ = extract(bytes.NewReader(text), dir)
		if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
			t.Errorf("%d entries beside the tree, %v", len(entries)-1, err)
		}
	})
}
