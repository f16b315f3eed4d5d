package rotation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A volume of Kubernetes: tls.crt -> ..data/tls.crt, ..data -> ..2, and ..2 is the directory of a generation.
const (
	data     = "..data"
	dataNext = "..data_tmp"
)

// swapLink makes a directory of the generation and swaps the one link that all files go through.
func (p Place) swapLink(m Material) []Step {
	name := fmt.Sprintf("..%d", m.Generation)
	dir, link, next := p.path(name), p.path(data), p.path(dataNext)
	var old string
	steps := []Step{{Name: "make " + name, Do: func() error { return os.MkdirAll(dir, 0o755) }}}
	for _, f := range m.parts() {
		steps = append(steps, Step{Name: "write " + filepath.Join(name, f.name), Do: func() error { return f.write(filepath.Join(dir, f.name)) }})
	}
	return append(steps,
		Step{Name: "link " + dataNext, Do: func() error {
			os.Remove(next) // of a writer that died
			return os.Symlink(name, next)
		}},
		Step{Name: "rename " + data, Do: func() (err error) {
			if old, err = os.Readlink(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return renameOver(next, link)
		}},
		Step{Name: "remove what " + data + " was", Do: func() error {
			if old == "" {
				return nil
			}
			return os.RemoveAll(p.path(old))
		}},
	)
}

// linkThrough makes the links that a server is given.
func (p Place) linkThrough(m Material) error {
	for _, f := range m.parts() {
		if err := os.Symlink(filepath.Join(data, f.name), p.path(f.name)); err != nil {
			return err
		}
	}
	return nil
}
