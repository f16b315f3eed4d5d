package lab

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results"
)

// machine is one reading of what may disturb a stretch. A counter that cannot be read is an error in its place.
type machine struct {
	steal, all       uint64 // clock ticks, of the CPUs in use
	stealErr         error
	throttled        time.Duration
	throttledErr     error
	overflows, drops int64
	listenErr        error
}

func readMachine(p placement) (m machine) {
	m.steal, m.all, m.stealErr = ticks(slices.Concat(p.server, p.client))
	m.throttled, m.throttledErr = throttled()
	m.overflows, m.drops, m.listenErr = listenErrors()
	return m
}

// since is what happened after earlier; what is not known is -1 and a gap.
func (m machine) since(earlier machine) (s results.System, gaps []results.Gap) {
	s = results.System{Steal: -1, Throttled: -1, ListenOverflows: -1, ListenDrops: -1}
	gap := func(what string, err error) {
		gaps = append(gaps, results.Gap{What: what, Reason: err.Error(), Hint: "run on Linux with /proc and /sys/fs/cgroup readable"})
	}
	if m.stealErr == nil && earlier.stealErr == nil {
		s.Steal = float64(m.steal-earlier.steal) / float64(max(m.all-earlier.all, 1))
	} else {
		gap("steal", errors.Join(m.stealErr, earlier.stealErr))
	}
	if m.throttledErr == nil && earlier.throttledErr == nil {
		s.Throttled = m.throttled - earlier.throttled
	} else {
		gap("throttling", errors.Join(m.throttledErr, earlier.throttledErr))
	}
	if m.listenErr == nil && earlier.listenErr == nil {
		s.ListenOverflows, s.ListenDrops = m.overflows-earlier.overflows, m.drops-earlier.drops
	} else {
		gap("listen overflows", errors.Join(m.listenErr, earlier.listenErr))
	}
	return s, gaps
}

// ticks sums /proc/stat over some CPUs, all of them if none is named (proc(5)).
func ticks(cpus []int) (steal, all uint64, err error) {
	file, err := os.Open("/proc/stat")
	if err != nil {
		return 0, 0, errors.New("no /proc/stat")
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 9 || !counts(fields[0], cpus) {
			continue
		}
		for i, text := range fields[1:9] { // guest time is inside user time
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return 0, 0, errors.New("/proc/stat is not as expected")
			}
			all += n
			if i == 7 {
				steal += n
			}
		}
	}
	return steal, all, nil
}

func counts(name string, cpus []int) bool {
	number, is := strings.CutPrefix(name, "cpu")
	if !is || len(cpus) == 0 {
		return is && number == ""
	}
	cpu, err := strconv.Atoi(number)
	return err == nil && slices.Contains(cpus, cpu)
}

// throttled is how long this process's cgroup was kept from running by cpu.max or its v1 forebear.
func throttled() (time.Duration, error) {
	if runtime.GOOS != "linux" {
		return 0, errors.New("no cgroups")
	}
	text, err := cgroupFile("cpu", "cpu.stat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseInt(value, 10, 64)
		if err == nil && key == "throttled_usec" {
			return time.Duration(n) * time.Microsecond, nil
		}
		if err == nil && key == "throttled_time" {
			return time.Duration(n), nil
		}
	}
	return 0, nil // the root cgroup cannot be throttled and has no such line
}

// cgroupFile reads a file of this process's cgroup: of the v2 hierarchy, else of the v1 controller.
func cgroupFile(controller, name string) (string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", errors.New("no /proc/self/cgroup")
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		root := "/sys/fs/cgroup"
		if slices.Contains(strings.Split(parts[1], ","), controller) {
			root = filepath.Join(root, controller)
		} else if parts[1] != "" {
			continue
		}
		if found, err := os.ReadFile(filepath.Join(root, parts[2], name)); err == nil {
			return string(found), nil
		}
	}
	return "", fmt.Errorf("no %s in this cgroup", name)
}

// listenErrors reads TcpExt ListenOverflows and ListenDrops from /proc/net/netstat: a line of names, a line of values.
func listenErrors() (overflows, drops int64, err error) {
	text, err := os.ReadFile("/proc/net/netstat")
	if err != nil {
		return 0, 0, errors.New("no /proc/net/netstat")
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "TcpExt:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		values := map[string]int64{}
		for i := range min(len(names), len(fields)) {
			values[names[i]], _ = strconv.ParseInt(fields[i], 10, 64)
		}
		return values["ListenOverflows"], values["ListenDrops"], nil
	}
	return 0, 0, errors.New("/proc/net/netstat has no TcpExt")
}
