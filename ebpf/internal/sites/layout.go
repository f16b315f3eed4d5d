package sites

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"regexp"
)

// Offsets are where fields of runtime.g lie, in bytes.
type Offsets struct {
	Status     uint64 // uint32: the status, with a bit that the garbage collector sets while it reads the stack
	WaitReason uint64 // uint8: why it waits, while its status is waiting
}

// Reasons are values of runtime.g's waitreason.
type Reasons struct {
	IO        uint64 // parked until the network poller finds its socket or pipe ready
	Preempted uint64 // stopped by the runtime: it does not wait for anything
}

// ErrLayout is the error of a program whose goroutines cannot be read.
var ErrLayout = errors.New("the fields of runtime.g are not known")

// layouts has what Go's releases agree on, or not, by minor version. It is the same on amd64 and arm64. A test
// compares it with what the compiler writes.
var layouts = map[string]struct {
	g    Offsets
	wait Reasons
}{
	"go1.24": {layout124, Reasons{IO: 2, Preempted: 29}},
	"go1.25": {layout125, Reasons{IO: 2, Preempted: 30}},
	"go1.26": {layout125, Reasons{IO: 2, Preempted: 30}},
}

var (
	layout124 = Offsets{Status: 152, WaitReason: 184}
	layout125 = Offsets{Status: 144, WaitReason: 176}
)

var minor = regexp.MustCompile(`go1\.\d+`)

// layout asks the program's debugging information, and the table for what is stripped.
func layout(file *elf.File, version string) (Offsets, Reasons, error) {
	if g, wait, err := fromDWARF(file); err == nil {
		return g, wait, nil
	}
	if known, ok := layouts[minor.FindString(version)]; ok {
		return known.g, known.wait, nil
	}
	return Offsets{}, Reasons{}, fmt.Errorf("%w: %s is not known and the program has no debugging information; "+
		"hint: build it without -ldflags=-s and -w", ErrLayout, version)
}

// fromDWARF reads a type of the runtime and two of its constants.
func fromDWARF(file *elf.File) (offsets Offsets, wait Reasons, err error) {
	data, err := openDWARF(file)
	if err != nil {
		return offsets, wait, err
	}
	types, constants, err := declared(data, "runtime")
	if err != nil {
		return offsets, wait, err
	}
	g, err := fields(data, types["runtime.g"])
	if err != nil {
		return offsets, wait, err
	}
	var has [4]bool
	offsets.Status, has[0] = g["atomicstatus"]
	offsets.WaitReason, has[1] = g["waitreason"]
	wait.IO, has[2] = constants["runtime.waitReasonIOWait"]
	wait.Preempted, has[3] = constants["runtime.waitReasonPreempted"]
	if has != [4]bool{true, true, true, true} {
		return Offsets{}, Reasons{}, ErrLayout
	}
	return offsets, wait, nil
}

// openDWARF reads only the sections that types are in.
func openDWARF(file *elf.File) (*dwarf.Data, error) {
	sections := map[string][]byte{"abbrev": nil, "info": nil, "str": nil, "addr": nil, "line_str": nil, "str_offsets": nil}
	for name := range sections {
		section := file.Section(".debug_" + name)
		if section == nil || section.Type == elf.SHT_NOBITS || section.Size > maxTable {
			continue
		}
		data, err := section.Data()
		if err != nil {
			return nil, err
		}
		sections[name] = data
	}
	data, err := dwarf.New(sections["abbrev"], nil, nil, sections["info"], nil, nil, nil, sections["str"])
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"addr", "line_str", "str_offsets"} {
		if err := data.AddSection(".debug_"+name, sections[name]); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// deepest is how many lists may end at one place; at the top of a unit it is one or two.
const deepest = 1000

// declared gives what a package declares at its top: where its structures are, and what its constants are worth. The
// compiler and the linker each write units for a package, so that there may be several.
func declared(data *dwarf.Data, pkg string) (types map[string]dwarf.Offset, constants map[string]uint64, err error) {
	types, constants = map[string]dwarf.Offset{}, map[string]uint64{}
	last, ends := dwarf.Offset(0), 0
	for r := data.Reader(); ; {
		entry, err := r.Next()
		if err != nil || entry == nil {
			return types, constants, err
		}
		if entry.Tag == 0 { // the end of a list has no offset
			ends++
		} else {
			ends = 0
		}
		if ends > deepest || ends == 0 && entry.Offset <= last {
			return nil, nil, fmt.Errorf("%w: its debugging information goes in circles", ErrLayout)
		}
		if ends > 0 {
			continue
		}
		last = entry.Offset
		name, _ := entry.Val(dwarf.AttrName).(string)
		switch entry.Tag {
		case dwarf.TagCompileUnit:
			if name == pkg {
				continue
			}
		case dwarf.TagStructType:
			types[name] = entry.Offset
		case dwarf.TagConstant:
			if value, ok := entry.Val(dwarf.AttrConstValue).(int64); ok {
				constants[name] = uint64(value)
			}
		}
		r.SkipChildren()
	}
}

// fields are the offsets of a structure's fields.
func fields(data *dwarf.Data, at dwarf.Offset) (map[string]uint64, error) {
	if at == 0 {
		return nil, ErrLayout
	}
	t, err := data.Type(at)
	if err != nil {
		return nil, err
	}
	outer, ok := t.(*dwarf.StructType)
	if !ok {
		return nil, fmt.Errorf("%w: it is no structure", ErrLayout)
	}
	offsets := map[string]uint64{}
	for _, field := range outer.Field {
		offsets[field.Name] = uint64(field.ByteOffset)
	}
	return offsets, nil
}
