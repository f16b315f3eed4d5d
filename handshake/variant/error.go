package variant

import (
	"errors"
	"fmt"
)

// What can be wrong with a build, and a server that ends by itself, for [errors.Is].
var (
	ErrImpossible = errors.New("build cannot run here")
	ErrNoGo       = errors.New("no go command")
	ErrNoCompiler = errors.New("no C compiler")
	ErrToolchain  = errors.New("go toolchain not available")
	ErrSource     = errors.New("no sources of the server")
	ErrCompile    = errors.New("server does not build")
	ErrCrashed    = errors.New("server crashed") // by exit or signal, at its start or later
)

// Error is a failure with advice for the person who can end it.
type Error struct {
	Err  error
	Hint string // lower case, no full stop; empty where only Err can help
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the failure without the advice.
func (e *Error) Unwrap() error { return e.Err }

// because is an [*Error] of one of the kinds above with its detail.
func because(kind error, hint, format string, args ...any) error {
	return &Error{fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...)), hint}
}
