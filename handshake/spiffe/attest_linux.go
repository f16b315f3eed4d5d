package spiffe

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// attest asks for SO_PEERCRED (unix(7)): who connected, as of then. The executable is that of the process which has
// this number now; it is not to be read of another user's process without privileges.
func attest(c *net.UnixConn) (caller, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return caller{}, err
	}
	var cred *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil {
		return caller{}, err
	}
	if failed != nil {
		return caller{}, os.NewSyscallError("getsockopt", failed)
	}
	executable, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", cred.Pid))
	return caller{int(cred.Uid), int(cred.Pid), executable}, nil
}
