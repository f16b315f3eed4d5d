package scorecard

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// members are the processes of a group: a server may have workers.
func members(group int) (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && groupOf(pid) == group {
			pids = append(pids, pid)
		}
	}
	return pids
}

// groupOf is the process group; zero where the process has gone. The program's name, in brackets, may hold anything.
func groupOf(pid int) int {
	stat, err := os.ReadFile(proc(pid, "stat"))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 {
		return 0
	}
	group, _ := strconv.Atoi(string(fields[2])) // state, parent, group
	return group
}

func proc(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }

// count adds up what the kernel tells about processes.
func (r *Resources) count(pids []int) {
	for _, pid := range pids {
		fds, err := os.ReadDir(proc(pid, "fd"))
		if err != nil {
			continue
		}
		add(&r.Descriptors, int64(len(fds)))
		add(&r.Watches, 0)
		for _, fd := range fds {
			info, _ := os.ReadFile(proc(pid, "fdinfo/"+fd.Name())) // closed meanwhile
			add(&r.Watches, int64(bytes.Count(info, []byte("inotify wd:"))))
		}
		add(&r.Resident, resident(pid))
	}
}

// add starts from zero where nothing was known.
func add(sum *int64, n int64) { *sum = max(*sum, 0) + n }

func resident(pid int) int64 {
	status, _ := os.ReadFile(proc(pid, "status"))
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
