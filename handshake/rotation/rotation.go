// Package rotation changes the certificates under a running server: an issuer of generations, the ways in which
// writers put them on the disk, step by step, and the catalogue of what can go wrong with that.
//
//	Issuer -> Material -> Method.Steps -> files        one rotation
//	Catalogue -> Injection -> Moves                    what a trial does, and what a good server makes of it
//
// A writer is a list of steps, each about one system call, so that it can be stopped between any two of them.
package rotation

import "time"

// Material is one generation, PEM.
type Material struct {
	Generation  uint64 // serial number of the leaf
	Certificate []byte // leaf, then intermediates
	Key         []byte
	Authorities []byte // that a peer verifies the chain with
}

// Step is about one system call of a writer.
type Step struct {
	Name  string
	Do    func() error
	Close bool // it closes a file, which the kernel does for a writer that is dead
}

// Take takes steps in order and returns when the last one had been taken.
func Take(steps []Step) (time.Time, error) {
	for _, s := range steps {
		if err := s.Do(); err != nil {
			return time.Time{}, &StepError{s.Name, err}
		}
	}
	return time.Now(), nil
}

// StepError is a step that failed.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap is the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Method is a way to put a generation in its place.
type Method string

// The methods that there are.
const (
	Rename     Method = "rename"          // each file is written beside its place and renamed over it
	InPlace    Method = "in-place"        // each file is truncated and written
	Symlink    Method = "symlink-swap"    // as Kubernetes does: ..data is a link that is swapped, the files are links through it
	Directory  Method = "directory-swap"  // the directory of the files is exchanged for another one
	HardLink   Method = "hard-link"       // as rename, while a backup is a hard link to the file that is replaced
	Descriptor Method = "open-descriptor" // as rename, while somebody holds the file that is replaced open
)

// Place is where a server finds its files. The directory belongs to the trial.
type Place struct {
	Dir    string // absolute
	Method Method // decides how the files lie there
}

// Expectation is what a good server does after a move.
type Expectation string

const (
	Adopt Expectation = "adopt" // it serves the move's generation soon
	Keep  Expectation = "keep"  // it goes on serving the one before
	Any   Expectation = "any"   // either is right
)

// Move is one part of an injection: steps, then what a good server serves.
type Move struct {
	Name       string
	Generation uint64 // that the steps put in place, or try to; a number that is on no certificate where they put none there
	Steps      []Step
	Want       Expectation
	Hold       time.Duration // Keep and Any: how long it is watched
}

// Injection is one thing that can go wrong, or merely happens, when certificates change.
type Injection struct {
	Name   string
	About  string                                      // one line
	Place  Method                                      // how the files lie
	Trust  bool                                        // it is about the file of authorities alone: it says nothing about a server that reads none
	AtOnce bool                                        // its first move is due when the process has been started, whether it serves yet or not
	Moves  func(p Place, a *Authority) ([]Move, error) // from generation 2 on: p holds generation 1
}

// Disturbance is what happens to a server's certificate files during a block: rotations, or one injection.
type Disturbance struct {
	Every  time.Duration `json:"every_ns,omitempty"` // between the begins of two rotations; zero: this is an injection
	By     Method        `json:"by,omitempty"`       // of the rotations
	Inject string        `json:"inject,omitempty"`   // name of an injection in the [Catalogue]
	At     time.Duration `json:"at_ns,omitempty"`    // of the injection, since the begin of the load
}
