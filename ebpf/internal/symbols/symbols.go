// Package symbols names the code that a process and its kernel run: an address in, an [account.Frame] out.
//
// Go's functions come from the table that every Go program carries for its own tracebacks (.gopclntab), so programs
// without a symbol table are no trouble. C's come from the ELF symbol table, or from Go's table where Go's linker
// linked the C in, as it does with BoringCrypto. The kernel's come from /proc/kallsyms, which shows addresses to
// those with CAP_SYSLOG only.
//
// The names of a FIPS 140 module with a version of its own lose it, so that the same function has the same name in
// every build: crypto/internal/fips140/v1.0.0-c2097c7c/ecdsa becomes crypto/internal/fips140/ecdsa.
package symbols

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/tlslab/tlslab/results/account"
)

// Modules of a frame.
const (
	Go     = "go"
	C      = "c"
	Kernel = "kernel"
)

// Table holds the functions of one program, library or kernel, by address as linked.
type Table struct {
	functions []function // by start
	whole     bool       // the symbol table is there, not only the names that other files may use
	// Text is Go's own code; empty where there is none.
	Text Range
	// Assembly says for Go's assembly where each instruction finds its return address.
	Assembly []Frame
}

// Range is a stretch of addresses; End is outside.
type Range struct{ Start, End uint64 }

// Frame is a stretch of assembly: its return address lies Above bytes from the stack pointer up.
type Frame struct {
	Range
	Above uint32
}

type function struct {
	Range
	name   string
	module string
}

// Find names the function at an address; its Function is empty where there is none.
func (t *Table) Find(address uint64) account.Frame {
	i, found := slices.BinarySearchFunc(t.functions, address, func(f function, a uint64) int {
		return cmp.Compare(f.Start, a)
	})
	if !found {
		i--
	}
	if i < 0 {
		return account.Frame{Address: address, Module: C}
	}
	f := t.functions[i]
	if address >= f.End {
		return account.Frame{Address: address, Module: C, Function: t.local(f, address)}
	}
	return account.Frame{Address: address, Function: f.name, Module: f.module}
}

// farthest is how far after a function code is still taken for its author's.
const farthest = 1 << 14

// local names code after a function. Assembly of BoringCrypto has helpers that bear no symbol, such as the
// multiplication behind ecp_nistz256_mul_mont, where much of its time goes.
func (t *Table) local(f function, address uint64) string {
	if !t.whole || f.module != C || address-f.End >= farthest {
		return ""
	}
	return "local code after " + f.name
}

// sort puts functions in order and lets those of unknown size reach to the next one, limit at most. Of several at
// one address the first stays.
func (t *Table) sort(limit uint64) {
	slices.SortStableFunc(t.functions, func(a, b function) int { return cmp.Compare(a.Start, b.Start) })
	t.functions = slices.CompactFunc(t.functions, func(a, b function) bool { return a.Start == b.Start })
	for i := range t.functions {
		f := &t.functions[i]
		next := limit
		if i+1 < len(t.functions) {
			next = t.functions[i+1].Start
		}
		if f.End <= f.Start || f.End > next {
			f.End = next
		}
	}
}

var version = regexp.MustCompile(`^crypto/internal/fips140/v[0-9][^/]*/`)

// normal is the name of a function without the version of its FIPS 140 module.
func normal(name string) string {
	return version.ReplaceAllString(name, "crypto/internal/fips140/")
}
