package spiffe

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// attest asks for LOCAL_PEERCRED and LOCAL_PEERPID (unix(4)). The executable is not asked for.
func attest(c *net.UnixConn) (caller, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return caller{}, err
	}
	var cred *unix.Xucred
	var pid int
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if failed == nil {
			pid, failed = unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID)
		}
	})
	if err != nil {
		return caller{}, err
	}
	if failed != nil {
		return caller{}, os.NewSyscallError("getsockopt", failed)
	}
	return caller{uid: int(cred.Uid), pid: pid}, nil
}
