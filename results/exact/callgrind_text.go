package exact

import (
	"debug/elf"
	"debug/gosym"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
)

// Text is the code of an executable that Go built, as its own table of functions describes it. C that is linked into
// it is not in the table.
type Text struct{ functions *gosym.Table }

// ReadText reads the table of an ELF file.
func ReadText(r io.ReaderAt) (*Text, error) {
	file, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("table of functions: %w", err)
	}
	section := file.Section(".gopclntab")
	if section == nil {
		return nil, errors.New("table of functions: not an executable that Go built")
	}
	data, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("table of functions: %w", err)
	}
	start, err := textStart(file)
	if err != nil {
		return nil, fmt.Errorf("table of functions: %w", err)
	}
	functions, err := gosym.NewTable(nil, gosym.NewLineTable(data, start))
	if err != nil {
		return nil, fmt.Errorf("table of functions: %w", err)
	}
	return &Text{functions}, nil
}

// textStart is the address that the table counts from: that of Go's own code, before which a C linker may put other.
func textStart(file *elf.File) (uint64, error) {
	symbols, err := file.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == "runtime.text" {
			return s.Value, nil
		}
	}
	if section := file.Section(".text"); section != nil { // stripped
		return section.Addr, nil
	}
	return 0, errors.New("no code")
}

// Package is the import path of the code at an address; "" of code that has no Go package. Code that the compiler
// inlined is of the function that it was inlined into.
func (t *Text) Package(address uint64) string {
	f := t.functions.PCToFunc(address)
	if f == nil {
		return ""
	}
	if name := packageOf(f.Name); name != "" {
		return name
	}
	file, _, _ := t.functions.PCToLine(f.Entry)
	return directoryOf(file)
}

// packageOf is the import path in a function's name as the linker writes it: with type arguments in brackets,
// receivers in parentheses, and dots of the path's last element escaped. What the compiler makes for the language,
// such as comparing values of a type, belongs to the runtime. A name of assembly may have no path; then it is "".
func packageOf(function string) string {
	if strings.HasPrefix(function, "type:") || strings.HasPrefix(function, "go:") {
		return "runtime"
	}
	if i := strings.IndexAny(function, "[("); i >= 0 {
		function = function[:i]
	}
	directory, last := path.Split(function)
	element, _, ok := strings.Cut(last, ".")
	if !ok || element == "" {
		return ""
	}
	if plain, err := url.PathUnescape(element); err == nil {
		element = plain
	}
	return directory + element
}

// directoryOf is the import path of a source file of a trimmed build, whose names begin with that; "" of another.
func directoryOf(file string) string {
	directory := path.Dir(path.Clean(file))
	if path.IsAbs(file) || directory == "." || strings.HasPrefix(directory, "..") {
		return ""
	}
	return directory
}
