package lab

import (
	"errors"
	"net"
	"syscall"
)

// tryLock takes the machine's lock by the name of an abstract unix socket (unix(7)), which nobody can leave behind
// and all users of one network namespace share; nil where somebody else holds it.
func tryLock() (unlock func(), err error) {
	listener, err := net.Listen("unix", "@tlslab-run")
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return func() { listener.Close() }, nil
}
