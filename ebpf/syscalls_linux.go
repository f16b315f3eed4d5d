//go:build amd64 || arm64

package ebpf

import "golang.org/x/sys/unix"

// kind is what is special about a system call; enum kind of account.c.
type kind uint8

const (
	ordinary kind = iota
	reading       // of a file descriptor; in a handshake it may be the connection's
	accepting
	opening
	closing
)

// syscalls are those that have a row of their own: what a Go server does. Row 0 is for all others.
var syscalls = append([]struct {
	name   string
	number int
	kind   kind
}{
	{"read", unix.SYS_READ, reading},
	{"write", unix.SYS_WRITE, ordinary},
	{"close", unix.SYS_CLOSE, closing},
	{"accept4", unix.SYS_ACCEPT4, accepting},
	{"accept", unix.SYS_ACCEPT, accepting},
	{"openat", unix.SYS_OPENAT, opening},
	{"openat2", unix.SYS_OPENAT2, opening},
	{"pread64", unix.SYS_PREAD64, reading},
	{"pwrite64", unix.SYS_PWRITE64, ordinary},
	{"readv", unix.SYS_READV, reading},
	{"writev", unix.SYS_WRITEV, ordinary},
	{"recvfrom", unix.SYS_RECVFROM, reading},
	{"recvmsg", unix.SYS_RECVMSG, reading},
	{"recvmmsg", unix.SYS_RECVMMSG, ordinary},
	{"sendto", unix.SYS_SENDTO, ordinary},
	{"sendmsg", unix.SYS_SENDMSG, ordinary},
	{"sendmmsg", unix.SYS_SENDMMSG, ordinary},
	{"sendfile", unix.SYS_SENDFILE, ordinary},
	{"splice", unix.SYS_SPLICE, ordinary},
	{"socket", unix.SYS_SOCKET, ordinary},
	{"connect", unix.SYS_CONNECT, ordinary},
	{"bind", unix.SYS_BIND, ordinary},
	{"listen", unix.SYS_LISTEN, ordinary},
	{"shutdown", unix.SYS_SHUTDOWN, ordinary},
	{"getsockname", unix.SYS_GETSOCKNAME, ordinary},
	{"getpeername", unix.SYS_GETPEERNAME, ordinary},
	{"setsockopt", unix.SYS_SETSOCKOPT, ordinary},
	{"getsockopt", unix.SYS_GETSOCKOPT, ordinary},
	{"epoll_ctl", unix.SYS_EPOLL_CTL, ordinary},
	{"epoll_pwait", unix.SYS_EPOLL_PWAIT, ordinary},
	{"futex", unix.SYS_FUTEX, ordinary},
	{"nanosleep", unix.SYS_NANOSLEEP, ordinary},
	{"clock_nanosleep", unix.SYS_CLOCK_NANOSLEEP, ordinary},
	{"sched_yield", unix.SYS_SCHED_YIELD, ordinary},
	{"getrandom", unix.SYS_GETRANDOM, ordinary},
	{"madvise", unix.SYS_MADVISE, ordinary},
	{"mmap", unix.SYS_MMAP, ordinary},
	{"munmap", unix.SYS_MUNMAP, ordinary},
	{"tgkill", unix.SYS_TGKILL, ordinary},
	{"rt_sigreturn", unix.SYS_RT_SIGRETURN, ordinary},
	{"rt_sigprocmask", unix.SYS_RT_SIGPROCMASK, ordinary},
	{"getpid", unix.SYS_GETPID, ordinary},
	{"gettid", unix.SYS_GETTID, ordinary},
	{"clone", unix.SYS_CLONE, ordinary},
	{"fcntl", unix.SYS_FCNTL, ordinary},
	{"fstat", unix.SYS_FSTAT, ordinary},
	{"io_uring_enter", unix.SYS_IO_URING_ENTER, ordinary},
}, ofThisArchitecture...)

const (
	acceptWait  = 63  // the row of the accept queue's histogram; ACCEPT_WAIT of account.c
	mostNumbers = 512 // SYSCALLS of account.c
)

// tables are the rows and kinds by number, as account.c wants them. Without files, opening and closing are nothing
// special.
func tables(files bool) (rows, kinds [mostNumbers]uint8) {
	for i, call := range syscalls {
		rows[call.number] = uint8(i + 1)
		if files || call.kind != opening && call.kind != closing {
			kinds[call.number] = uint8(call.kind)
		}
	}
	return rows, kinds
}

// nameOf is the system call of a row.
func nameOf(row int) string {
	if row == 0 {
		return "other"
	}
	return syscalls[row-1].name
}
