package rotation

import "os"

// rename writes everything before it renames anything, so that the pair is mixed between two renames and not longer.
func (p Place) rename(parts []part) []Step {
	var writes, renames []Step
	for _, f := range parts {
		beside := p.path(besideName(f.name))
		writes = append(writes, Step{Name: "write " + besideName(f.name), Do: func() error { return f.write(beside) }})
		renames = append(renames, p.renameNext(f.name))
	}
	return append(writes, renames...)
}

// renameNext renames what lies beside a file over it.
func (p Place) renameNext(name string) Step {
	return Step{Name: "rename " + name, Do: func() error { return renameOver(p.path(besideName(name)), p.path(name)) }}
}

// besideName is what a file is called until it is renamed: in the same directory, and hidden from what loads all of it.
func besideName(name string) string { return "." + name + ".next" }

// renameOver leaves nothing beside the file where it fails.
func renameOver(beside, path string) error {
	err := os.Rename(beside, path)
	if err != nil {
		os.Remove(beside)
	}
	return err
}
