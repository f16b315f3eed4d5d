// Package sites finds the places in a Go program where uprobes tell what an observer of TLS handshakes has to know,
// and where they cost little. It reads the executable and nothing else: no process, no privilege, no Linux.
//
// # What makes a site cheap
//
// A uprobe replaces one instruction by a trap. When it fires, the kernel has to do what the instruction would have
// done. For a few kinds it does so itself and returns; for all others it copies the instruction to a page of its own,
// runs it there under single-step and takes a second exception to come back, which in a virtual machine costs ten
// times as much. So a site is chosen for its instruction:
//
//	amd64   push of a register, call, jmp and conditional jumps to a relative address, one-byte nop
//	        (arch/x86/kernel/uprobes.c: branch_setup_xol_ops, push_setup_xol_ops)
//	arm64   b, bl, b.cond, cbz, cbnz, tbz, tbnz, br, blr, ret, adr, adrp
//	        (arch/arm64/kernel/probes/decode-insn.c: arm_probe_decode_insn)
//
// There are no return probes: they replace the return address on the stack, and the Go runtime, which walks and moves
// stacks, dies of it. None is needed. Where one phase of a handshake begins the one before it has ended, and after
// the last there is the conditional jump of "if err != nil", which runs on success and on failure.
//
// # What a program may rely on at a site
//
//	                        amd64     arm64
//	current g               R14       R28
//	first argument          AX        R0        at [Execute] and [Ready]: the goroutine
//	an error's type word    AX        R0        at [ServerEnd]; zero: the handshake succeeded
//	                        BX        R1        at [ClientEnd]; flush returns a count first
//
// A site runs once for each call of its function. A goroutine's function that finds its stack too small is started
// again from its first instruction, so its site lies behind the check of the stack: on amd64 it is the PUSH BP that
// begins the frame. The functions of the scheduler run on the system stack, which does not grow.
//
// # How functions are found
//
// By the table that every Go program carries for its own tracebacks (.gopclntab), so stripped programs are as good as
// any. The table counts from runtime.text, and the linker's module data says where that is: in a program with C code
// it is not where the section begins.
package sites

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io"
)

// Hook is what a probe at a site learns.
type Hook string

// The hooks. The first four are the scheduler's: a goroutine leaves its thread at Schedule or StopM, enters one at
// Execute, may run again since Ready. (One that waited for the network becomes runnable without Ready.)
const (
	Schedule    Hook = "schedule"
	StopM       Hook = "stop-m"
	Execute     Hook = "execute"
	Ready       Hook = "ready"
	ServerBegin Hook = "server-begin" // a handshake begins, of whatever version of TLS; its phase is 0
	ServerPhase Hook = "server-phase" // a phase of TLS 1.3 begins and ends the one before
	ServerEnd   Hook = "server-end"   // the last phase has ended, well or badly
	ClientBegin Hook = "client-begin"
	ClientPhase Hook = "client-phase"
	ClientEnd   Hook = "client-end"
	Failed      Hook = "failed" // a handshake has failed in any phase, on either side; see [Site]
)

// Site is a place for one probe.
//
// The site of [Failed] is the call of flush in (*Conn).handshakeContext, which sends the alert that may be left in the
// buffer: it runs only when a handshake has returned an error, whatever the error was. Where that call is not to be
// found (a profile-guided build may have inlined it) it is the function that sends alerts, which also runs outside of
// handshakes, once for the alert that closes a connection, and does not run where the peer vanished.
//
// Where a profile-guided build has inlined the method of a phase, the phase's site is the jump behind the call of the
// method before: it also runs where that one failed, and [Failed] follows.
//
// No hook ends a handshake of TLS 1.2 that succeeds.
type Site struct {
	Hook        Hook
	Phase       int // of ServerPhase and ClientPhase: index into [ServerPhases] or [ClientPhases]; else 0
	Function    string
	Address     uint64 // as linked; in a position independent program relative to its load address
	Offset      uint64 // in the file
	Instruction string // push, jcc, call, nop, b.cond, cbz, ...; other: one that is single-stepped
	Cheap       bool   // the kernel emulates the instruction
}

// Program is what an executable told.
type Program struct {
	Go   string // version, such as go1.26.1
	Arch string // amd64 or arm64
	PIE  bool
	Text struct{ Low, High uint64 } // the addresses of Go's code: C code that was linked in is outside of it
	// Sites are in the order of the hooks and of the phases. A program that has no TLS client has no sites of the
	// client's hooks, which is no error.
	Sites []Site
	G     Offsets
	Wait  Reasons
}

// Find reads an executable. It returns what it found even when it found not all: the error is then a *[Missing], which
// is also [ErrNoServer] where the program has no TLS server at all. No Program comes with [ErrFormat] and [ErrNotGo].
func Find(r io.ReaderAt) (*Program, error) {
	file, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	arch, known := architectures[file.Machine]
	if !known || file.Class != elf.ELFCLASS64 || file.Data != elf.ELFDATA2LSB {
		return nil, fmt.Errorf("%w: %s %s", ErrFormat, file.Class, file.Machine)
	}
	info, err := buildinfo.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotGo, err)
	}
	code, err := readCode(file, arch)
	if err != nil {
		return nil, fmt.Errorf("%w (%s): %w", ErrNotGo, info.GoVersion, err)
	}
	p := &Program{Go: info.GoVersion, Arch: arch.name, PIE: file.Type == elf.ET_DYN}
	p.Text.Low, p.Text.High = code.first, code.end
	missing := &Missing{Go: p.Go}
	p.Sites = place(code, missing)
	if p.G, p.Wait, err = layout(file, p.Go); err != nil {
		missing.Layout = err
	}
	if len(missing.Absent) > 0 || missing.Layout != nil || missing.NoServer {
		return p, missing
	}
	return p, nil
}

// Errors of [Find], to be tested with errors.Is.
var (
	ErrFormat   = errors.New("not an ELF program for amd64 or arm64")
	ErrNotGo    = errors.New("not a Go program that tells its functions")
	ErrNoServer = errors.New("no TLS server of crypto/tls in this program")
)
