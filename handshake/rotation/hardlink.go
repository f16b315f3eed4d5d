package rotation

import (
	"errors"
	"io/fs"
	"os"
)

// keepLinked makes a backup of every file before it is replaced. The backup is the file: its last link does not go, so
// nobody who watches it is told that it was deleted.
func (p Place) keepLinked(parts []part) []Step {
	var links []Step
	for _, f := range parts {
		backup := f.name + ".old"
		links = append(links, Step{Name: "link " + backup, Do: func() error {
			os.Remove(p.path(backup))
			return exceptMissing(os.Link(p.path(f.name), p.path(backup)))
		}})
	}
	return append(links, p.rename(parts)...)
}

// exceptMissing is no error where there is nothing to keep yet.
func exceptMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
