package symbols

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// Open reads the functions of an executable or a library.
func Open(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("symbols: %w", err)
	}
	defer f.Close()
	return Read(f)
}

// Read is [Open] for a file that is open already.
func Read(r io.ReaderAt) (*Table, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("symbols: not an ELF file: %w", err)
	}
	t := &Table{}
	if err := t.addGo(f); err != nil {
		return nil, fmt.Errorf("symbols: Go's function table: %w", err)
	}
	if err := t.addSymbols(f); err != nil {
		return nil, fmt.Errorf("symbols: symbol table: %w", err)
	}
	t.sort(math.MaxUint64)
	return t, nil
}

// addSymbols adds the functions of C. A program without symbols is none the worse.
func (t *Table) addSymbols(f *elf.File) error {
	all, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return err
	}
	dynamic, err := f.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return err
	}
	t.whole = len(all) > 0
	if t.whole { // it knows sizes; Go's table lets a function reach to the next one
		t.functions = slices.DeleteFunc(t.functions, func(f function) bool { return f.module == C })
	}
	for _, s := range append(all, dynamic...) {
		if !isCode(f, s) || s.Value >= t.Text.Start && s.Value < t.Text.End {
			continue
		}
		name, _, _ := strings.Cut(s.Name, "@") // a version of the symbol
		t.functions = append(t.functions, function{Range{s.Value, s.Value + s.Size}, name, C})
	}
	return nil
}

// isCode reports whether a symbol names code, and not a mark of the linker.
func isCode(f *elf.File, s elf.Symbol) bool {
	if elf.ST_TYPE(s.Info) != elf.STT_FUNC || s.Value == 0 || int(s.Section) >= len(f.Sections) {
		return false
	}
	marks := s.Name == "runtime.text" || s.Name == "runtime.etext" || strings.HasPrefix(s.Name, "go:")
	return !marks && f.Sections[s.Section].Flags&elf.SHF_EXECINSTR != 0
}
