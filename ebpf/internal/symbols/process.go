package symbols

import (
	"bufio"
	"debug/elf"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/results/account"
)

// Process names the code of a running process: its program, its libraries and what the kernel lends it.
type Process struct {
	Program *Table
	Bias    uint64 // what must be added to the program's addresses as linked; zero unless position-independent
	images  []image
}

// image is one mapping of code into the process.
type image struct {
	Range
	bias  uint64
	name  string // base name of its file, or [vdso]
	table *Table // nil: unreadable
}

// OfProcess reads the program that a process runs, and its libraries where they can be read. Only what is mapped now
// is seen. The program's file is given by the caller, who may see it under another name.
func OfProcess(pid int, program string) (*Process, error) {
	own, err := Open(program)
	if err != nil {
		return nil, err
	}
	p := &Process{Program: own}
	mapped, err := mappings(pid)
	if err != nil {
		return nil, err
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return nil, fmt.Errorf("symbols of process %d: %w", pid, err)
	}
	for _, m := range mapped {
		if m.file == exe {
			p.Bias, err = bias(program, m)
			if err != nil {
				return nil, err
			}
			p.images = append(p.images, image{m.Range, p.Bias, path.Base(m.file), own})
			continue
		}
		p.images = append(p.images, library(pid, m))
	}
	return p, nil
}

// User names an address of the process.
func (p *Process) User(address uint64) account.Frame {
	for _, i := range p.images {
		if address < i.Start || address >= i.End {
			continue
		}
		frame := account.Frame{Module: C}
		if i.table != nil {
			frame = i.table.Find(address - i.bias)
		}
		if frame.Function == "" {
			frame.Function = "[" + strings.Trim(i.name, "[]") + "]"
		}
		frame.Address = address
		return frame
	}
	return account.Frame{Address: address, Module: C}
}

func library(pid int, m mapping) image {
	i := image{Range: m.Range, name: path.Base(m.file)}
	if !strings.HasPrefix(m.file, "/") {
		return i
	}
	file := fmt.Sprintf("/proc/%d/root%s", pid, m.file)
	b, err := bias(file, m)
	if err != nil {
		return i
	}
	if t, err := Open(file); err == nil {
		i.bias, i.table = b, t
	}
	return i
}

// bias is how far from its linked address a mapping of a file lies.
func bias(file string, m mapping) (uint64, error) {
	f, err := elf.Open(file)
	if err != nil {
		return 0, fmt.Errorf("symbols: %w", err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && p.Off < m.offset+(m.End-m.Start) && m.offset < p.Off+p.Filesz {
			return m.Start - m.offset + p.Off - p.Vaddr, nil
		}
	}
	return 0, fmt.Errorf("symbols: %s has no code where it is mapped: not the file that runs?", path.Base(file))
}

type mapping struct {
	Range
	offset uint64
	file   string
}

// mappings lists what a process may execute, from lines such as
// 00401000-0067a000 r-xp 00001000 fe:00 12345 /usr/bin/server
func mappings(pid int) ([]mapping, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, fmt.Errorf("symbols of process %d: %w", pid, err)
	}
	defer f.Close()
	var all []mapping
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if m, ok := parseMapping(lines.Text()); ok {
			all = append(all, m)
		}
	}
	return all, lines.Err()
}

func parseMapping(line string) (m mapping, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || !strings.Contains(fields[1], "x") {
		return m, false
	}
	start, end, _ := strings.Cut(fields[0], "-")
	var errs [3]error
	m.Start, errs[0] = strconv.ParseUint(start, 16, 64)
	m.End, errs[1] = strconv.ParseUint(end, 16, 64)
	m.offset, errs[2] = strconv.ParseUint(fields[2], 16, 64)
	m.file = strings.Join(fields[5:], " ")
	return m, errs == [3]error{}
}
