package rotation

import (
	"os"
	"path/filepath"
)

// live is the directory that a server is given, in the place; next is exchanged for it.
const (
	live = "live"
	next = "next"
)

// swapDirectory makes a directory beside the live one and exchanges the two: who watches the files that it has opened
// watches those of the old directory, which stays until the next rotation.
func (p Place) swapDirectory(parts []part) []Step {
	served, made := filepath.Join(p.Dir, live), filepath.Join(p.Dir, next)
	steps := []Step{{Name: "make " + next, Do: func() error {
		if err := os.RemoveAll(made); err != nil { // the old one, or that of a writer that died
			return err
		}
		return os.Mkdir(made, 0o755)
	}}}
	for _, f := range parts {
		steps = append(steps, Step{Name: "write " + filepath.Join(next, f.name), Do: func() error { return f.write(filepath.Join(made, f.name)) }})
	}
	return append(steps, Step{Name: "exchange " + live, Do: func() error { return exchange(made, served) }})
}
