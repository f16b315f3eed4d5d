package results

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// member is a file of the bundle while it is written: beside its place, under a name that begins with a dot.
type member struct {
	root *os.Root
	name string
	temp string
	f    *os.File
	err  error // the first one
}

// create begins the file name, and the directory that it is in.
func (w *Writer) create(name string) (*member, error) {
	dir, base := path.Split(name)
	m := &member{root: w.root, name: name, temp: dir + "." + base + ".tmp"}
	if dir != "" {
		m.keep(w.root.MkdirAll(path.Clean(dir), 0o755))
	}
	if m.err == nil {
		f, err := w.root.OpenFile(m.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		m.f = f
		m.keep(err)
	}
	if m.err != nil {
		return nil, m.err
	}
	return m, nil
}

// write writes a whole file.
func (w *Writer) write(name string, data []byte) error {
	m, err := w.create(name)
	if err != nil {
		return err
	}
	_, _ = m.Write(data) // Close reports it
	return m.Close()
}

// keep remembers the first error, by the file's name within the bundle.
func (m *member) keep(err error) {
	if err != nil && m.err == nil {
		m.err = fmt.Errorf("write %s: %w", m.name, cause(err))
	}
}

// Write fails for good after its first error.
func (m *member) Write(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.f.Write(p)
	m.keep(err)
	return n, m.err
}

// Close puts the file in its place, or removes what there is of it and says why.
func (m *member) Close() error {
	if m.err == nil {
		m.keep(m.f.Sync())
	}
	m.keep(m.f.Close())
	if m.err == nil {
		m.keep(m.root.Rename(m.temp, m.name))
	}
	if m.err != nil {
		_ = m.root.Remove(m.temp)
		return m.err
	}
	return m.syncDir()
}

// syncDir makes the new name as lasting as the contents; not every file system can.
func (m *member) syncDir() error {
	dir, err := m.root.Open(path.Dir(m.name))
	if err != nil {
		return fmt.Errorf("write %s: %w", m.name, cause(err))
	}
	_ = dir.Sync() // unsupported is all that it can say of a directory that was just renamed in
	return dir.Close()
}

// cause is err without operation and path, which may hold the path of the bundle itself.
func cause(err error) error {
	var in *fs.PathError
	var between *os.LinkError
	switch {
	case errors.As(err, &in):
		return in.Err
	case errors.As(err, &between):
		return between.Err
	}
	return err
}

func isBlock(name string) bool { return strings.HasPrefix(name, blockDir) }

// sweep removes what a killed writer left half written.
func (w *Writer) sweep() error {
	return fs.WalkDir(w.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		if err != nil || d.IsDir() || !strings.HasPrefix(base, ".") || !strings.HasSuffix(base, ".tmp") {
			return err
		}
		return w.root.Remove(name)
	})
}

// members takes the digest of every file but those that are never members.
func (w *Writer) members() ([]File, error) {
	var files []File
	err := fs.WalkDir(w.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == manifestName || name == draftName || name == reportName {
			return err
		}
		if err := checkName(name); err != nil {
			return err
		}
		f, err := digest(w.root.FS(), name, maxMember)
		files = append(files, f)
		return err
	})
	return files, err
}

// digest reads a file of at most limit bytes, and not more than one byte beyond.
func digest(fsys fs.FS, name string, limit int64) (File, error) {
	f, err := openRegular(fsys, name)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, limit+1))
	if err != nil {
		return File{}, corrupt(name, "%w", cause(err))
	}
	return File{name, n, hex.EncodeToString(h.Sum(nil))}, nil
}

// openRegular opens a file, but nothing that could block or never end.
func openRegular(fsys fs.FS, name string) (fs.File, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, corrupt(name, "not a regular file")
	}
	return fsys.Open(name)
}
