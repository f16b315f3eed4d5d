package ebpf

import "golang.org/x/sys/unix"

// ofThisArchitecture are the system calls that newer architectures do without.
var ofThisArchitecture = []struct {
	name   string
	number int
	kind   kind
}{
	{"open", unix.SYS_OPEN, opening},
	{"epoll_wait", unix.SYS_EPOLL_WAIT, ordinary},
	{"poll", unix.SYS_POLL, ordinary},
	{"select", unix.SYS_SELECT, ordinary},
}
