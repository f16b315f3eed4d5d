package lab

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/results"
)

// environment is the machine's fingerprint; what a file does not tell stays empty.
func environment(host, placement string) results.Environment {
	cpu := accel.Detect()
	return results.Environment{
		Host:         host,
		OS:           runtime.GOOS,
		Kernel:       kernel(),
		Arch:         runtime.GOARCH,
		CPUModel:     cpu.Model,
		CPUs:         runtime.NumCPU(),
		Microcode:    cpuinfo("microcode"),
		Features:     cpu.Features,
		GoFeatures:   cpu.GoFeatures,
		Governor:     read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		SMT:          read("/sys/devices/system/cpu/smt/control"),
		Hypervisor:   hypervisor(),
		Clocksource:  read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		CgroupCPU:    cgroupLimit("cpu", "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"),
		CgroupMemory: cgroupLimit("memory", "memory.max", "memory.limit_in_bytes"),
		MemoryBytes:  memory(),
		LoadAverage:  loadAverage(),
		Sysctl:       sysctls("net/core/somaxconn", "net/ipv4/ip_local_port_range", "net/ipv4/tcp_tw_reuse"),
		Go:           runtime.Version(),
		GODEBUG:      os.Getenv("GODEBUG"),
		Placement:    placement,
	}
}

func environmentGaps(e results.Environment) (gaps []results.Gap) {
	if e.CgroupCPU == "" || e.CgroupMemory == "" {
		gaps = append(gaps, results.Gap{
			What:   "cgroup limits",
			Reason: "this process's cgroup does not tell them",
			Hint:   "run on Linux with /sys/fs/cgroup mounted",
		})
	}
	if e.Governor == "" {
		gaps = append(gaps, results.Gap{
			What:   "frequency governor",
			Reason: "this system does not expose cpufreq, as virtual machines usually do not",
			Hint:   "on bare metal, set the performance governor; here, trust the interleaving and the intervals",
		})
	}
	return gaps
}

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// hostID tells machines apart without naming them: a number by chance, kept in the user's cache.
func hostID(cache string) (string, error) {
	name := filepath.Join(cache, "host")
	if id := read(name); len(id) == 16 {
		return id, nil
	}
	var number [8]byte
	rand.Read(number[:])
	id := hex.EncodeToString(number[:])
	return id, os.WriteFile(name, []byte(id+"\n"), 0o644)
}

func kernel() string {
	// A custom kernel's suffix may name whoever built it, so only the version proper is kept.
	version, _, _ := strings.Cut(read("/proc/sys/kernel/osrelease"), "-")
	return version
}

func cpuinfo(key string) string {
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func hypervisor() string {
	if kind := read("/sys/hypervisor/type"); kind != "" {
		return kind
	}
	if strings.Contains(cpuinfo("flags"), "hypervisor") {
		return "virtual machine"
	}
	return ""
}

// unlimited is where cgroup v1 begins to mean no limit: LONG_MAX rounded down to pages.
const unlimited = 1 << 62

// cgroupLimit reads a limit of this process's own cgroup, by the names of v2 and v1, several files side by side;
// empty: it cannot be read.
func cgroupLimit(controller, v2 string, v1 ...string) string {
	if text, err := cgroupFile(controller, v2); err == nil {
		return limit(text)
	}
	var parts []string
	for _, name := range v1 {
		text, err := cgroupFile(controller, name)
		if err != nil {
			return ""
		}
		parts = append(parts, strings.TrimSpace(text))
	}
	return limit(strings.Join(parts, " "))
}

func limit(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	if n, err := strconv.ParseInt(first, 10, 64); first == "max" || err == nil && (n < 0 || n >= unlimited) {
		return "unlimited"
	}
	return strings.TrimSpace(text)
}

// memory is MemTotal of /proc/meminfo in bytes; zero elsewhere.
func memory() uint64 {
	for line := range strings.Lines(read("/proc/meminfo")) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" {
			n, _ := strconv.ParseUint(fields[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// loadAverage is over 1, 5 and 15 minutes; the rest of the file, which names a process, is left out.
func loadAverage() string {
	fields := strings.Fields(read("/proc/loadavg"))
	return strings.Join(fields[:min(len(fields), 3)], " ")
}

func sysctls(names ...string) map[string]string {
	values := map[string]string{}
	for _, name := range names {
		if value := read(filepath.Join("/proc/sys", name)); value != "" {
			values[strings.ReplaceAll(name, "/", ".")] = strings.Join(strings.Fields(value), " ")
		}
	}
	return values
}

// Machine is the fingerprint of this machine without a run.
func Machine() results.Environment {
	p, err := place(nil, nil)
	if err != nil {
		p.why = err.Error()
	}
	return environment("", p.why)
}
