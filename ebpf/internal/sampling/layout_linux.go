//go:build amd64 || arm64

package sampling

import (
	"debug/buildinfo"
	"go/version"
	"strings"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/symbols"
)

// layout is where the walker finds the goroutine that a thread runs and where that left off: offsets in the runtime's
// structures, the same on amd64 and arm64.
type layout struct {
	m       uint32 // runtime.g.m
	current uint32 // runtime.m.curg
	saved   uint32 // runtime.g.sched.bp
}

// layoutOf is the layout of a program's Go. Releases that are not known yet get the newest one: the walker takes
// nothing for a frame that does not return into Go's code.
func layoutOf(program string) layout {
	info, err := buildinfo.ReadFile(program)
	if err == nil && version.Compare(language(info.GoVersion), "go1.25") < 0 {
		return layout{m: 48, current: 192, saved: 104}
	}
	return layout{m: 48, current: 184, saved: 96}
}

// language is the release in a version such as "go1.26.8 X:boringcrypto".
func language(full string) string {
	release, _, _ := strings.Cut(full, " ")
	return release
}

// assembly lists where the program's assembly keeps its return addresses, as sample.c searches it: in order, and
// each entry reaching to the next one's start.
func assembly(program *symbols.Table) (table [1 << 12]bpf.SampleAssembly, ranges uint32) {
	const none = ^uint32(0)
	add := func(start uint64, above uint32) {
		if n := int(ranges); n < len(table) {
			table[n] = bpf.SampleAssembly{Start: uint32(start - program.Text.Start), Above: above}
			ranges++
		}
	}
	end := program.Text.Start
	add(end, none)
	for _, f := range program.Assembly {
		if f.Start != end {
			add(end, none)
		}
		add(f.Start, f.Above)
		end = f.End
	}
	add(end, none)
	return table, ranges
}
