//go:build amd64 || arm64

package ebpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
)

var errThread = errors.New("this is the id of a thread")

// openProcess opens a process, so that its end is noticed even when its id is given to another one.
func openProcess(pid int) (int, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) { // as the kernel calls it since Linux 6.9
		err = unix.ESRCH
		if _, found := os.Stat(fmt.Sprintf("/proc/%d", pid)); found == nil {
			err = errThread
		}
	}
	if err != nil {
		return -1, fmt.Errorf("open the process: %w", err)
	}
	return fd, nil
}

// hostTGID is the process's number in the first pid namespace, by which eBPF programs know it. In a container it is
// another one than we see, and the one that we see may well belong to somebody else there.
func hostTGID(pid int) (int, error) {
	info, err := os.Stat("/proc/self/ns/pid")
	if err != nil {
		return 0, fmt.Errorf("pid namespace: %w", err)
	}
	namespace := info.Sys().(*syscall.Stat_t).Ino
	spec, err := bpf.LoadAccount()
	if err != nil {
		return 0, err
	}
	err = set(spec, map[string]any{
		bpf.AccountVarWantedPid:       int32(pid),
		bpf.AccountVarWantedNamespace: uint32(namespace),
	})
	if err != nil {
		return 0, err
	}
	var programs struct {
		Find *ebpf.Program `ebpf:"find"`
	}
	if err := spec.LoadAndAssign(&programs, nil); err != nil {
		return 0, err
	}
	defer programs.Find.Close()
	out, err := iterate(programs.Find)
	if err != nil {
		return 0, err
	}
	if len(out) != 4 {
		return 0, fmt.Errorf("find it in the first pid namespace: %w", unix.ESRCH)
	}
	return int(binary.NativeEndian.Uint32(out)), nil
}

// iterate runs an iterator over all tasks and returns what it wrote.
func iterate(program *ebpf.Program) ([]byte, error) {
	tasks, err := link.AttachIter(link.IterOptions{Program: program})
	if err != nil {
		return nil, err
	}
	defer tasks.Close()
	return readAll(tasks)
}

func readAll(tasks *link.Iter) ([]byte, error) {
	r, err := tasks.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
