package sites

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// code is the machine code of a program, by function.
type code struct {
	arch     architecture
	segments []elf.Prog // that are loaded
	named    map[string]function
	first    uint64 // address of Go's first function
	end      uint64 // of the last one
}

// function is where a function's code lies.
type function struct{ entry, end uint64 }

func (f function) size() uint64 { return f.end - f.entry }

// Sizes beyond which a file is not believed.
const (
	maxSegments = 64
	maxTable    = 1 << 30
	maxFunction = 1 << 16
)

func readCode(file *elf.File, arch architecture) (*code, error) {
	c := &code{arch: arch, named: map[string]function{}}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_LOAD && len(c.segments) < maxSegments {
			c.segments = append(c.segments, *segment)
		}
	}
	address, table, err := c.table(file)
	if err != nil {
		return nil, err
	}
	text, err := c.textStart(file, address, table)
	if err != nil {
		return nil, err
	}
	return c, c.readTable(table, text)
}

// readTable takes the functions that a planner may ask for out of the table. It has pairs of 32-bit words, in the
// order of the addresses: where a function begins, counted from text, and where its record is, counted from the pairs;
// one more word ends the last function. The second word of a record is where its name is.
func (c *code) readTable(table []byte, text uint64) error {
	word := func(at uint64) uint64 { return binary.LittleEndian.Uint64(table[at:]) }
	number, names, records := word(headerNumber), word(headerNames), word(headerRecords)
	if names > uint64(len(table)) || records > uint64(len(table)) || number >= (uint64(len(table))-records)/8 {
		return errors.New("its table of functions is cut off")
	}
	strings, pairs := table[names:], table[records:]
	pair := func(i uint64) uint32 { return binary.LittleEndian.Uint32(pairs[8*i:]) }
	for i := range number {
		f := function{text + uint64(pair(i)), text + uint64(pair(i+1))}
		record := uint64(binary.LittleEndian.Uint32(pairs[8*i+4:]))
		if record+8 > uint64(len(pairs)) {
			return errors.New("its table of functions is cut off")
		}
		name := nameAt(strings, binary.LittleEndian.Uint32(pairs[record+4:]))
		if c.first == 0 && begins(name) {
			c.first = f.entry
		}
		if known, twice := c.named[name]; plannable(name) && (!twice || known.size() < f.size()) {
			c.named[name] = f // the smaller one is a wrapper for another calling convention
		}
		c.end = f.end
	}
	if c.first == 0 {
		return errors.New("its table has no function of Go")
	}
	return nil
}

// nameAt is a name of the table, or what of it is within the length of those that matter.
func nameAt(strings []byte, at uint32) string {
	const longest = 128
	if uint64(at) >= uint64(len(strings)) {
		return ""
	}
	name := strings[at:]
	name = name[:min(len(name), longest)]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return string(name)
}

// begins reports whether a function is Go's and not of the C objects, which the linker puts in front and lists. Go's
// functions begin with the packages that everything else rests on.
func begins(name string) bool {
	return strings.HasPrefix(name, "internal/") || strings.HasPrefix(name, "runtime.")
}

func plannable(name string) bool {
	return strings.HasPrefix(name, "crypto/tls.") || strings.HasPrefix(name, "runtime.")
}

// magic begins the table of functions since Go 1.20: a number, two zeros, the least size of an instruction (which is
// 1 or 4), the size of a pointer.
func magic(b []byte) bool {
	return len(b) >= headerSize && bytes.Equal(b[:6], []byte{0xf1, 0xff, 0xff, 0xff, 0, 0}) && (b[6] == 1 || b[6] == 4) && b[7] == 8
}

// The words of the table's header behind the magic: functions, files, the address of runtime.text until Go 1.25, the
// offsets of five tables, that of the names first and that of the functions last.
const (
	headerNumber  = 8 + 8*0
	headerText    = 8 + 8*2
	headerNames   = 8 + 8*3
	headerRecords = 8 + 8*7
	headerSize    = 8 + 8*8
)

// table finds the table of functions, by the name of its section or, where sections have no names, by its magic.
func (c *code) table(file *elf.File) (address uint64, table []byte, err error) {
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		section := file.Section(name)
		if section == nil || section.Size > maxTable {
			continue
		}
		if table, err := section.Data(); err == nil && magic(table) {
			return section.Addr, table, nil
		}
	}
	for _, segment := range c.segments {
		data, err := contents(segment)
		if err != nil {
			return 0, nil, err
		}
		for at := 0; at+headerSize <= len(data); at += 8 {
			if magic(data[at:]) {
				return segment.Vaddr + uint64(at), data[at:], nil
			}
		}
	}
	return 0, nil, errors.New("it has no table of functions as Go 1.20 and later write it")
}

// The words of runtime.moduledata: the address of the table, then that of the names, and much later that of
// runtime.text: behind six slices of three words, a pointer, and the first and last address.
const (
	moduleNames = 8 * 1
	moduleText  = 8 * (1 + 6*3 + 1 + 2)
	moduleSize  = moduleText + 8
)

// textStart finds runtime.text, from which the table counts. The linker's module data has it; the table's own header
// had it until Go 1.25, but not in position independent programs.
func (c *code) textStart(file *elf.File, address uint64, table []byte) (uint64, error) {
	names := address + binary.LittleEndian.Uint64(table[headerNames:])
	moved, err := c.relocations(file)
	if err != nil {
		return 0, err
	}
	for _, segment := range c.segments {
		if segment.Flags&elf.PF_W == 0 {
			continue
		}
		data, err := contents(segment)
		if err != nil {
			return 0, err
		}
		word := func(at int) uint64 {
			if to, ok := moved[segment.Vaddr+uint64(at)]; ok {
				return to
			}
			return binary.LittleEndian.Uint64(data[at:])
		}
		for at := 0; at+moduleSize <= len(data); at += 8 {
			if word(at) == address && word(at+moduleNames) == names {
				return word(at + moduleText), nil
			}
		}
	}
	if text := binary.LittleEndian.Uint64(table[headerText:]); text != 0 {
		return text, nil
	}
	return 0, errors.New("it has no module data that says where its code begins")
}

// relocations gives the words that are written only when the program is loaded: what they are if it is loaded as
// linked.
func (c *code) relocations(file *elf.File) (map[uint64]uint64, error) {
	const entry = 3 * 8 // offset, type, addend
	moved := map[uint64]uint64{}
	for _, section := range file.Sections {
		if section.Type != elf.SHT_RELA || section.Size > maxTable {
			continue
		}
		data, err := section.Data()
		if err != nil {
			return nil, fmt.Errorf("its relocations: %w", err)
		}
		for ; len(data) >= entry; data = data[entry:] {
			if uint32(binary.LittleEndian.Uint64(data[8:])) == c.arch.relative {
				moved[binary.LittleEndian.Uint64(data)] = binary.LittleEndian.Uint64(data[16:])
			}
		}
	}
	return moved, nil
}

// contents is what a segment has in the file.
func contents(segment elf.Prog) ([]byte, error) {
	if segment.Filesz > maxTable {
		return nil, fmt.Errorf("it has a segment of %d bytes", segment.Filesz)
	}
	return io.ReadAll(segment.Open())
}

// offset is where in the file an address is.
func (c *code) offset(address uint64) (uint64, bool) {
	for _, s := range c.segments {
		if within := address - s.Vaddr; address >= s.Vaddr && within < s.Filesz && s.Off <= math.MaxInt64-within {
			return s.Off + within, true
		}
	}
	return 0, false
}

func (c *code) has(name string) bool {
	_, ok := c.named[name]
	return ok
}

// body is a function's instructions; none where the function is not known or not in the file.
func (c *code) body(name string) []instruction {
	f := c.named[name]
	if f.end <= f.entry || f.size() > maxFunction {
		return nil
	}
	text := make([]byte, f.size())
	for _, s := range c.segments {
		if within := f.entry - s.Vaddr; f.entry >= s.Vaddr && within < s.Filesz && s.Filesz-within >= f.size() {
			if _, err := s.ReadAt(text, int64(within)); err == nil {
				return c.arch.decode(text, f.entry)
			}
		}
	}
	return nil
}

// calls are the indices of a body's calls of a function.
func (c *code) calls(body []instruction, callee string) (at []int) {
	f, known := c.named[callee]
	for i, in := range body {
		if known && in.flow == call && in.target == f.entry {
			at = append(at, i)
		}
	}
	return at
}
