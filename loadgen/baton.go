package loadgen

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The pipes that a generator process whose job has [Turns] inherits.
const (
	BatonIn  = 3 // descriptor to read from: a byte gives it the turn
	BatonOut = 4 // descriptor to write to: a byte gives the turn away
)

// pipes is a baton that goes through two pipes.
type pipes struct{ in, out *os.File }

func (p pipes) Read(b []byte) (int, error)  { return p.in.Read(b) }
func (p pipes) Write(b []byte) (int, error) { return p.out.Write(b) }
func (p pipes) Close() error                { return errors.Join(p.in.Close(), p.out.Close()) }

// inheritBaton opens the pipes that the process inherited.
func inheritBaton() (p pipes, err error) {
	if p.in, err = inherit(BatonIn); err != nil {
		return p, err
	}
	p.out, err = inherit(BatonOut)
	return p, err
}

// inherit opens a pipe so that a close ends a read under way, which only the network poller can do. What is no pipe
// is left alone: it may be a descriptor of the runtime.
func inherit(fd int) (*os.File, error) {
	var is unix.Stat_t
	err := unix.Fstat(fd, &is)
	if err == nil && is.Mode&unix.S_IFMT != unix.S_IFIFO {
		err = errors.New("it is something else")
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("descriptor %d must be a pipe from or to the other generator: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "baton"), nil
}
