package rotation

import "os"

// keepOpen holds every file open while it is replaced, and closes it when all are: as with a backup, nobody who watches
// the file is told that it was deleted until then.
func (p Place) keepOpen(parts []part) []Step {
	var opens, closes []Step
	for _, f := range parts {
		var file *os.File
		opens = append(opens, Step{Name: "open " + f.name, Do: func() (err error) {
			file, err = os.Open(p.path(f.name))
			return exceptMissing(err)
		}})
		closes = append(closes, Step{Name: "close " + f.name, Do: func() error { return closeOpened(file) }, Close: true})
	}
	steps := append(opens, p.rename(parts)...)
	return append(steps, closes...)
}
