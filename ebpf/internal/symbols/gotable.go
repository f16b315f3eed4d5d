package symbols

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"math"
	"strings"
)

// goTable is Go's function table, as runtime/symtab.go reads it: a header, then names, values by pc, and functions,
// each part at an offset that the header gives. This is the layout since Go 1.20.
type goTable struct {
	data                     []byte
	order                    binary.ByteOrder
	names, values, functions []byte
	count                    int
	quantum                  uint64 // smallest distance of two instructions
	text                     uint64 // all addresses are relative to it
}

const (
	magic      = 0xfffffff1
	pointer    = 8 // bytes: amd64 and arm64
	headerSize = 8 + 8*pointer
	maxCount   = 1 << 22 // functions
)

var errCut = errors.New("it is cut off")

// addGo adds the functions of Go's table; a program without one is not written in Go.
func (t *Table) addGo(f *elf.File) error {
	data, err := goSection(f)
	if data == nil || err != nil {
		return err
	}
	table, err := newGoTable(data, f)
	if err != nil {
		return err
	}
	return t.read(table, f.Machine == elf.EM_X86_64)
}

func goSection(f *elf.File) ([]byte, error) {
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		if s := f.Section(name); s != nil {
			return s.Data()
		}
	}
	s := f.Section(".data.rel.ro") // a position-independent program linked by the system's linker
	if s == nil || f.Section(".go.buildinfo") == nil {
		return nil, nil
	}
	data, err := s.Data()
	start := bytes.Index(data, []byte{0xf1, 0xff, 0xff, 0xff, 0, 0})
	if err != nil || start < 0 {
		return nil, err
	}
	return data[start:], nil
}

func newGoTable(data []byte, f *elf.File) (*goTable, error) {
	if len(data) < headerSize {
		return nil, errCut
	}
	if f.ByteOrder.Uint32(data) != magic || data[7] != pointer {
		return nil, errors.New("its layout is not known here: not of Go 1.20 or later, or not of a 64-bit machine")
	}
	word := func(i int) uint64 { return f.ByteOrder.Uint64(data[8+i*pointer:]) }
	part := func(i int) []byte { return data[min(word(i), uint64(len(data))):] }
	if word(0) > maxCount {
		return nil, errors.New("it claims too many functions")
	}
	t := &goTable{
		data: data, order: f.ByteOrder, names: part(3), values: part(6), functions: part(7),
		count: int(word(0)), quantum: uint64(data[6]), text: textStart(f, word(2)),
	}
	if len(t.functions) < t.count*8+4 {
		return nil, errCut
	}
	return t, nil
}

// textStart is where Go's addresses count from. The table's header told it until Go 1.25; since Go 1.26 the module's
// own description does. Both are empty in the file of some position-independent programs; their symbols tell, or
// Go's linker put it first.
func textStart(f *elf.File, header uint64) uint64 {
	section := f.Section(".text")
	if section == nil {
		return header
	}
	inside := func(a uint64) bool { return a >= section.Addr && a < section.Addr+section.Size }
	if header != 0 && inside(header) {
		return header
	}
	if a, ok := moduleText(f); ok && inside(a) {
		return a
	}
	symbols, _ := f.Symbols()
	for _, s := range symbols {
		if s.Name == "runtime.text" {
			return s.Value
		}
	}
	return section.Addr
}

// moduleText reads the field text of runtime.moduledata.
func moduleText(f *elf.File) (uint64, bool) {
	const offset = 1*pointer + 6*3*pointer + 3*pointer // a pointer, six slices, three addresses before it
	s := f.Section(".go.module")
	if s == nil {
		return 0, false
	}
	data := make([]byte, pointer)
	_, err := s.ReadAt(data, offset)
	return f.ByteOrder.Uint64(data), err == nil
}

// read adds all functions. Where Go's linker linked C in, the C comes first.
func (t *Table) read(g *goTable, assembly bool) error {
	begun := false
	for i := range g.count {
		f, err := g.function(i)
		if err != nil {
			return err
		}
		begun = begun || strings.HasPrefix(f.name, "internal/") || strings.HasPrefix(f.name, "runtime.")
		if !begun {
			f.module = C
		} else if t.Text.Start == 0 {
			t.Text.Start = f.Start
		}
		if assembly && begun && f.assembly {
			t.Assembly = g.frames(t.Assembly, f)
		}
		t.functions = append(t.functions, f.function)
	}
	if begun {
		t.Text.End = g.text + uint64(g.order.Uint32(g.functions[g.count*8:]))
	}
	return nil
}

type goFunction struct {
	function
	assembly bool
	depths   uint32 // offset into values of the stack's depth by pc
}

// function reads the i-th function: its start and its record's offset from a list, the rest from the record.
func (g *goTable) function(i int) (goFunction, error) {
	const (
		name, depths, flag, size = 4, 16, 41, 44 // offsets in runtime._func
		isAssembly               = 4             // internal/abi.FuncFlagAsm
	)
	row := g.functions[i*8:]
	start, at, end := g.order.Uint32(row), g.order.Uint32(row[4:]), g.order.Uint32(row[8:])
	if uint64(at)+size > uint64(len(g.functions)) {
		return goFunction{}, errCut
	}
	record := g.functions[at:]
	offset := g.order.Uint32(record[name:])
	if uint64(offset) >= uint64(len(g.names)) {
		return goFunction{}, errCut
	}
	text, _, _ := bytes.Cut(g.names[offset:min(len(g.names), int(offset)+1<<12)], []byte{0})
	return goFunction{
		function: function{Range{g.text + uint64(start), g.text + uint64(end)}, normal(string(text)), Go},
		assembly: record[flag]&isAssembly != 0,
		depths:   g.order.Uint32(record[depths:]),
	}, nil
}

// frames adds where an assembly function has its return address: as far above the stack pointer as the stack is deep
// there. The table is a list of pairs, by how much the depth grows and how many bytes of code that holds for, in
// variable length; the depth begins at -1.
func (g *goTable) frames(all []Frame, f goFunction) []Frame {
	rest := g.values[min(uint64(f.depths), uint64(len(g.values))):]
	depth, pc := int64(-1), f.Start
	for pc < f.End && f.depths != 0 {
		grows, n := binary.Uvarint(rest)
		length, m := binary.Uvarint(rest[max(n, 0):])
		if n <= 0 || m <= 0 || grows == 0 && pc != f.Start || length == 0 {
			break
		}
		rest = rest[n+m:]
		depth += int64(grows>>1) ^ -int64(grows&1) // zigzag
		end := min(pc+length*g.quantum, f.End)
		if depth >= 0 && depth < math.MaxInt32 {
			all = append(all, Frame{Range{pc, end}, uint32(depth)})
		}
		pc = end
	}
	return all
}
