package variant

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// source is where a server is built from.
type source struct {
	dir  string // tree; empty: a module version
	id   string // tells sources apart within the cache
	name string // SBOM.Source
}

// source finds what s names; the zero value is the checkout, else the tool's own module version.
func (b *Builder) source(ctx context.Context, s Source) (source, error) {
	switch {
	case s.Path != "":
		return directory(s.Path)
	case s.Ref != "":
		return b.ref(ctx, s.Ref)
	case b.Checkout != "":
		return source{dir: b.Checkout, id: b.Checkout, name: b.checkoutName(ctx)}, nil
	}
	return release(b.Version)
}

// checkoutName is what the SBOM calls the checkout now. The go command could write the commit into the binary, but
// does not build where git refuses to answer, as it does in the checkout of another user.
func (b *Builder) checkoutName(ctx context.Context) string {
	head, err := b.git(ctx, "rev-parse", "HEAD", "HEAD:./go.mod") // the second fails in another project's repository
	if err != nil {
		return "checkout"
	}
	commit, _, _ := strings.Cut(string(head), "\n")
	name := "checkout@" + commit
	changes, err := b.git(ctx, "--no-optional-locks", "status", "--porcelain", "--", ".")
	if err != nil || len(changes) > 0 {
		name += "+dirty"
	}
	return name
}

// directory is a tree of the user's.
func directory(path string) (source, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return source{}, fmt.Errorf("source: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return source{}, because(ErrSource, "name the root of a tlslab source tree", "%s has no go.mod", path)
	}
	return source{dir: dir, id: dir, name: "directory"}, nil
}

// release is a published version of the module.
func release(version string) (source, error) {
	const hint = "run tlslab inside a checkout, name one with the build's source, or install a released tlslab"
	if version == "" || version == "(devel)" || strings.Contains(version, "+dirty") {
		return source{}, because(ErrSource, hint, "not in a checkout, and this tlslab is no released version (%s)", cmp.Or(version, "unknown"))
	}
	return source{id: version, name: version}, nil
}

// findCheckout is the nearest directory at or above dir whose go.mod is this module's; empty where there is none.
func findCheckout(dir string) string {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleOf(string(text)) == modulePath {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// moduleOf is the module path in the text of a go.mod; empty where it has none.
func moduleOf(text string) string {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], "\"`")
		}
	}
	return ""
}

// ref exports a commit of the checkout into the cache, once for each commit.
func (b *Builder) ref(ctx context.Context, ref string) (source, error) {
	if b.Checkout == "" {
		return source{}, because(ErrSource, "run tlslab inside a checkout with its git history", "git ref %q without a checkout", ref)
	}
	commit, err := b.commit(ctx, ref)
	if err != nil {
		return source{}, err
	}
	name := "source-" + commit
	dir := filepath.Join(b.Cache, name)
	if _, err := os.Stat(dir); err != nil {
		if err := b.export(ctx, commit, dir); err != nil {
			return source{}, err
		}
	}
	b.use(name)
	return source{dir: dir, id: commit, name: commit}, nil
}

// commit is the id of the commit that ref names.
func (b *Builder) commit(ctx context.Context, ref string) (string, error) {
	out, err := b.git(ctx, "rev-parse", "--verify", "--end-of-options", ref+"^{commit}")
	if err != nil && ctx.Err() == nil && !errors.Is(err, exec.ErrNotFound) {
		return "", because(ErrSource, "`git branch --all` and `git tag` list what there is; a shallow clone may need a fetch",
			"unknown git ref %q: %v", ref, err)
	}
	return strings.TrimSpace(string(out)), err
}

// export writes the tree of a commit to dir, all of it or nothing.
func (b *Builder) export(ctx context.Context, commit, dir string) error {
	archive, err := b.git(ctx, "archive", "--format=tar", commit)
	if err != nil {
		return because(ErrSource, "", "%v", err)
	}
	partial, err := b.partial()
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := extract(bytes.NewReader(archive), partial); err != nil {
		return fmt.Errorf("exporting commit %s: %w", commit, err)
	}
	if err := os.Rename(partial, dir); err != nil && !exists(dir) {
		return fmt.Errorf("cache of servers: %w", err)
	}
	return nil
}

// exists says that dir is there: another process has exported the same commit meanwhile.
func exists(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

// git runs git in the checkout and returns what it printed; the error holds what it complained about.
func (b *Builder) git(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = b.Checkout
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("git: %w", context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return nil, &Error{fmt.Errorf("git: %w", err), "install git: a ref of the checkout is read with it"}
	case errors.As(err, &exit):
		return nil, fmt.Errorf("git: %s", firstLines(string(exit.Stderr), 3))
	}
	return out, err
}

// extract writes a tar archive below dir. Nothing is written outside, whatever the archive says.
func extract(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := extractOne(root, header, archive); err != nil {
			return err
		}
	}
}

func extractOne(root *os.Root, header *tar.Header, content io.Reader) error {
	name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
		return extractFile(root, name, header.FileInfo().Mode().Perm(), content)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	}
	return nil // the commit id that git puts first
}

func extractFile(root *os.Root, name string, mode os.FileMode, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
