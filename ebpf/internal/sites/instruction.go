package sites

import "debug/elf"

// architecture is how one kind of machine code is read.
type architecture struct {
	name     string
	relative uint32 // the relocation that adds the load address to a word
	decode   func(text []byte, address uint64) []instruction
}

var architectures = map[elf.Machine]architecture{
	elf.EM_X86_64:  {"amd64", uint32(elf.R_X86_64_RELATIVE), decodeAMD64},
	elf.EM_AARCH64: {"arm64", uint32(elf.R_AARCH64_RELATIVE), decodeARM64},
}

// flow is where the program goes after an instruction.
type flow uint8

const (
	next   flow = iota // to the next one
	call               // to the next one, after the function that it calls
	branch             // to the next one or to its target
	jump               // to its target
	leave              // elsewhere: it returns, or jumps through a register
)

// instruction is what a planner has to know of one.
type instruction struct {
	address  uint64
	emulated string // its name, where the kernel emulates it; empty: it is single-stepped
	flow     flow
	target   uint64 // of call, branch and jump; zero: not known
	argument bool   // it may change the register of the first argument
}

// entry is what a site at a function's beginning must respect.
type entry struct {
	system   bool // the function runs on the system stack, which does not grow
	argument bool // the first argument must still be in its register
}

// in chooses the first emulated instruction that runs exactly once in each call. Behind the first branch nothing is
// sure to run, but for the check of the stack, which branches only to start the function again: that one is second
// best, and only on the system stack. The function's first instruction is what remains.
func (e entry) in(body []instruction) instruction {
	best := body[0]
	for _, at := range body {
		switch {
		case restarts(body, at):
			if e.system && best.emulated == "" {
				best = at
			}
			continue
		case at.emulated != "" && at.flow != leave && !repeated(body, at.address):
			return at
		}
		if at.flow >= branch || e.argument && (at.argument || at.flow == call) {
			break
		}
	}
	return best
}

// restarts reports whether an instruction is the check of the stack: a branch to code that makes one call, for a
// larger stack, and then jumps to the function's beginning. Code that panics makes a call of its own before it runs
// into that.
func restarts(body []instruction, check instruction) bool {
	if check.flow != branch || check.target <= check.address {
		return false
	}
	calls := 0
	for _, at := range body {
		switch {
		case at.address < check.target:
		case at.flow == call:
			calls++
		case at.flow >= branch:
			return calls == 1 && at.flow == jump && at.target == body[0].address
		}
	}
	return false
}

// repeated reports whether a loop leads to the address again. A jump to the function's very beginning is none: it
// comes from the check of the stack.
func repeated(body []instruction, address uint64) bool {
	for _, at := range body {
		loops := at.flow == branch || at.flow == jump
		if loops && at.target > body[0].address && at.target <= address && at.address >= address {
			return true
		}
	}
	return false
}

// nextBranch is the first jump, conditional or not, when nothing is called or left before it.
func nextBranch(body []instruction) (instruction, bool) {
	for _, at := range body {
		switch at.flow {
		case branch, jump:
			return at, at.emulated != ""
		case call, leave:
			return at, false
		}
	}
	return instruction{}, false
}
