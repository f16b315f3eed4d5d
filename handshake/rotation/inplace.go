package rotation

import "os"

// inPlace is the writer that knows nothing: whoever reads meanwhile finds half a file.
func (p Place) inPlace(parts []part) (steps []Step) {
	for _, f := range parts {
		steps = append(steps, f.overwrite(p.path(f.name))...)
	}
	return steps
}

func (f part) overwrite(path string) []Step {
	var file *os.File
	half := len(f.content) / 2
	return []Step{
		{Name: "truncate " + f.name, Do: func() (err error) {
			file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, f.mode)
			return err
		}},
		{Name: "write half of " + f.name, Do: func() error { _, err := file.Write(f.content[:half]); return err }},
		{Name: "write rest of " + f.name, Do: func() error { _, err := file.Write(f.content[half:]); return err }},
		{Name: "close " + f.name, Do: func() error { return closeOpened(file) }, Close: true},
	}
}

// closeOpened is for a writer that may have died before it opened the file.
func closeOpened(file *os.File) error {
	if file == nil {
		return nil
	}
	return file.Close()
}
