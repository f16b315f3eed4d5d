package rotation

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tlslab/tlslab/handshake/reload"
)

// What the files are called: the names of a Kubernetes secret, which HAProxy pairs as well.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
	authoritiesFile = "ca.crt"
)

// Methods are all methods, in the order in which reports show them.
func Methods() []Method {
	return []Method{Rename, InPlace, Symlink, Directory, HardLink, Descriptor}
}

// Files are the paths that a server is given.
func (p Place) Files() reload.Files {
	return reload.Files{
		Certificate: p.path(certificateFile),
		Key:         p.path(keyFile),
		Authorities: p.path(authoritiesFile),
	}
}

// path is where a server finds a file.
func (p Place) path(name string) string {
	if p.Method == Directory {
		return filepath.Join(p.Dir, live, name)
	}
	return filepath.Join(p.Dir, name)
}

// Prepare makes the place and puts the first generation into it.
func (p Place) Prepare(m Material) error {
	if err := os.MkdirAll(filepath.Dir(p.path(certificateFile)), 0o755); err != nil {
		return err
	}
	if _, err := Take(p.Steps(m)); err != nil || p.Method != Symlink {
		return err
	}
	return p.linkThrough(m)
}

// Steps put a generation into the place. Their names are for people and for [Until]:
//
//	rename           write .tls.crt.next ..., rename tls.crt, rename tls.key, rename ca.crt
//	in-place         truncate tls.crt, write half of tls.crt, write rest of tls.crt, close tls.crt, ... tls.key, ca.crt
//	symlink-swap     make ..2, write ..2/tls.crt ..., link ..data_tmp, rename ..data, remove what ..data was
//	directory-swap   make next, write next/tls.crt ..., exchange live
//	hard-link        link tls.crt.old ..., then as rename
//	open-descriptor  open tls.crt ..., then as rename, close tls.crt ...
//
// The order of files is always certificate, key, authorities. A part of the material that is nil is left as it is; the
// methods that replace a directory need all of them. Steps are taken once.
func (p Place) Steps(m Material) []Step {
	switch p.Method {
	case Rename:
		return p.rename(m.parts())
	case InPlace:
		return p.inPlace(m.parts())
	case Symlink:
		return p.swapLink(m)
	case Directory:
		return p.swapDirectory(m.parts())
	case HardLink:
		return p.keepLinked(m.parts())
	case Descriptor:
		return p.keepOpen(m.parts())
	}
	return []Step{{Name: "rotate", Do: func() error { return fmt.Errorf("unknown method %q", p.Method) }}}
}

// Until are the steps of a writer that dies after the one named last: those up to it, and the closing of its files,
// which the kernel does for the dead. There are none where no step has the name.
func Until(steps []Step, last string) []Step {
	taken := slices.IndexFunc(steps, func(s Step) bool { return s.Name == last }) + 1
	if taken == 0 {
		return nil
	}
	died := slices.Clone(steps[:taken])
	for _, s := range steps[taken:] {
		if s.Close {
			died = append(died, s)
		}
	}
	return died
}

// part is one of the files of a generation.
type part struct {
	name    string
	content []byte
	mode    fs.FileMode
}

func (m Material) parts() []part {
	all := []part{
		{certificateFile, m.Certificate, 0o644},
		{keyFile, m.Key, 0o600},
		{authoritiesFile, m.Authorities, 0o644},
	}
	return slices.DeleteFunc(all, func(f part) bool { return f.content == nil })
}

// write makes a file of the part, or none.
func (f part) write(path string) error {
	err := os.WriteFile(path, f.content, f.mode)
	if err != nil {
		os.Remove(path)
	}
	return err
}
