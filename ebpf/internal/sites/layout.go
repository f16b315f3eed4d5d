package sites

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"regexp"
)

// Offsets are where fields lie, in bytes: of runtime.g, but for CurrentG, which is in runtime.m.
type Offsets struct {
	Goid       uint64
	Status     uint64 // uint32: see [Running] and its like
	WaitReason uint64 // uint8: why it waits, while its status is [Waiting]
	SyscallPC  uint64 // where it left Go, while it is in a system call or in C
	SyscallSP  uint64
	SyscallBP  uint64
	M          uint64 // *m: its thread
	StackLow   uint64
	StackHigh  uint64
	SchedSP    uint64 // where it goes on, while it is on no thread
	SchedPC    uint64
	SchedBP    uint64
	CurrentG   uint64 // in runtime.m: the goroutine for which the thread works, also while it is on the system stack
}

// Reasons are values of runtime.g's waitreason.
type Reasons struct {
	IO        uint64 // parked until the network poller finds its socket or pipe ready
	Preempted uint64 // stopped by the runtime: it does not wait for anything
}

// Status of a goroutine. The bit Scan is set while the garbage collector reads its stack.
const (
	Runnable  = 1
	Running   = 2
	InSyscall = 3
	Waiting   = 4
	Dead      = 6
	Preempted = 9
	Scan      = 0x1000
)

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
	layout124 = Offsets{
		StackLow: 0, StackHigh: 8, M: 48, SchedSP: 56, SchedPC: 64, SchedBP: 104,
		SyscallSP: 112, SyscallPC: 120, SyscallBP: 128, Status: 152, Goid: 160, WaitReason: 184,
		CurrentG: 192,
	}
	layout125 = Offsets{
		StackLow: 0, StackHigh: 8, M: 48, SchedSP: 56, SchedPC: 64, SchedBP: 96,
		SyscallSP: 104, SyscallPC: 112, SyscallBP: 120, Status: 144, Goid: 152, WaitReason: 176,
		CurrentG: 184,
	}
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

// fromDWARF reads two types of the runtime and two of its constants.
func fromDWARF(file *elf.File) (offsets Offsets, wait Reasons, err error) {
	data, err := openDWARF(file)
	if err != nil {
		return offsets, wait, err
	}
	types, constants, err := declared(data, "runtime")
	if err != nil {
		return offsets, wait, err
	}
	g, errG := fields(data, types["runtime.g"])
	m, errM := fields(data, types["runtime.m"])
	if err := errors.Join(errG, errM); err != nil {
		return offsets, wait, err
	}
	known := true
	for name, offset := range offsets.named() {
		var has bool
		*offset, has = g[name]
		known = known && has
	}
	var current, io, preempted bool
	offsets.CurrentG, current = m["curg"]
	wait.IO, io = constants["runtime.waitReasonIOWait"]
	wait.Preempted, preempted = constants["runtime.waitReasonPreempted"]
	if !known || !current || !io || !preempted {
		return Offsets{}, Reasons{}, ErrLayout
	}
	return offsets, wait, nil
}

// named are the fields of runtime.g by the runtime's names.
func (o *Offsets) named() map[string]*uint64 {
	return map[string]*uint64{
		"goid": &o.Goid, "atomicstatus": &o.Status, "waitreason": &o.WaitReason, "m": &o.M,
		"syscallpc": &o.SyscallPC, "syscallsp": &o.SyscallSP, "syscallbp": &o.SyscallBP,
		"stack.lo": &o.StackLow, "stack.hi": &o.StackHigh,
		"sched.sp": &o.SchedSP, "sched.pc": &o.SchedPC, "sched.bp": &o.SchedBP,
	}
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

// fields are the offsets of a structure's fields, and those of the structures in it by path.
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
		for _, within := range inner(field.Type) {
			offsets[field.Name+"."+within.Name] = uint64(field.ByteOffset + within.ByteOffset)
		}
	}
	return offsets, nil
}

// inner are the fields of a structure, behind however many names that it was given. Go gives one; a file that is
// broken may go in circles.
func inner(t dwarf.Type) []*dwarf.StructField {
	for range 8 {
		switch of := t.(type) {
		case *dwarf.TypedefType:
			t = of.Type
		case *dwarf.StructType:
			return of.Field
		}
	}
	return nil
}
