package variant

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// keep is how many bytes of each end of a process's stderr are kept.
const keep = 32 << 10

// transcript is what a process wrote to stderr: its beginning, where the runtime warns, and its end, where it dies.
//
// Reading and keeping are one step under the lock, and whoever asks for the text reads what is still in the pipe
// first. So everything that a process wrote before a reply is in the text once the reply is there.
type transcript struct {
	pipe *os.File

	mu      sync.Mutex
	first   []byte // at most keep bytes
	last    []byte // at most 2*keep bytes, of which keep count
	dropped int
}

// follow keeps what is written until all writers have closed.
func (t *transcript) follow() {
	defer t.pipe.Close()
	if conn, err := t.pipe.SyscallConn(); err == nil {
		_ = conn.Read(t.drain) // fails when the pipe is closed: no more to read
	}
}

// drain keeps what the pipe holds and says whether it has ended. The descriptor does not block.
func (t *transcript) drain(fd uintptr) (ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	buffer := make([]byte, 4096)
	for {
		n, err := unix.Read(int(fd), buffer)
		switch {
		case n > 0:
			t.add(buffer[:n])
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return false
		default:
			return true
		}
	}
}

func (t *transcript) add(b []byte) {
	n := min(len(b), keep-len(t.first))
	t.first = append(t.first, b[:n]...)
	t.last = append(t.last, b[n:]...)
	if len(t.last) > 2*keep {
		cut := len(t.last) - keep
		t.last = append(t.last[:0], t.last[cut:]...)
		t.dropped += cut
	}
}

// String is the text until now.
func (t *transcript) String() string {
	if conn, err := t.pipe.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { t.drain(fd) }) // fails once the pipe is closed: then all was kept
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dropped == 0 {
		return string(t.first) + string(t.last)
	}
	return fmt.Sprintf("%s\n(%d bytes left out)\n%s", t.first, t.dropped, t.last)
}

// lastWords is why a process died, by its stderr: what a Go program panicked with, else its last three lines.
func lastWords(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}

// deaths are causes of death that have a remedy.
var deaths = []struct{ words, hint string }{
	{"address already in use", "another process listens there: leave listen out for a free port"},
	{"bind: permission denied", "ports below 1024 need a right: leave listen out for a free port"},
	{"cannot assign requested address", "listen on an address of this machine, or leave listen out"},
	{"incompatible with GOEXPERIMENT=boringcrypto", "boringcrypto cannot run with GODEBUG=fips140: leave one of them out"},
	{"microarchitecture support", "this CPU is below the build's goamd64: ask for a lower one"},
	{"out of memory", "give the machine or its cgroup more memory"},
	{"killed by signal 9", "somebody killed it; if memory ran out, the kernel's log says so"},
	{"too many open files", "raise the limit of open files: ulimit -n"},
}

// remedy is the hint for a process that died with these words; empty for an unknown cause.
func remedy(words string) string {
	for _, d := range deaths {
		if strings.Contains(words, d.words) {
			return d.hint
		}
	}
	return ""
}
