package sampling

import (
	"slices"

	"github.com/tlslab/tlslab/results/account"
)

// start is where a stack begins, as its outermost frame tells.
type start int

const (
	unknown   start = iota // the walk broke off
	goroutine              // where every goroutine begins
	system                 // where the runtime's own work begins: on a thread's system stack, for no goroutine
)

var systemStarts = []string{
	"runtime.mstart",    // a thread
	"runtime.mcall",     // the scheduler, once it has let go of a goroutine
	"runtime.rt0_go",    // the program
	"runtime.morestack", // the growth of a stack
}

func root(stack []account.Frame) start {
	if len(stack) == 0 {
		return unknown
	}
	outermost := stack[len(stack)-1].Function
	switch {
	case outermost == "runtime.goexit":
		return goroutine
	case slices.Contains(systemStarts, outermost):
		return system
	}
	return unknown
}
