package loadgen

import (
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// canSpread says whether source addresses can be chosen: Linux answers to all of 127.0.0.0/8.
func canSpread(target netip.Addr) bool { return target.Is4() && target.IsLoopback() }

// bindLate has bind(2) choose an address but no port, so that connect(2) may choose a port that is free for this
// target, though it is in use for others (IP_BIND_ADDRESS_NO_PORT, ip(7)). A kernel that does not know the option, as
// some sandboxes do not, chooses at bind: ports run out sooner, which NoPort shows.
func bindLate(_, _ string, c syscall.RawConn) error {
	var err error
	if failed := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}); failed != nil {
		return failed
	}
	if errors.Is(err, unix.ENOPROTOOPT) {
		return nil
	}
	return err
}
