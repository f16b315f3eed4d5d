package lab

import (
	"crypto/sha256"
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
func environment(placement string) results.Environment {
	cpu := accel.Detect()
	return results.Environment{
		Host:         hostID(),
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
		CgroupCPU:    cgroupLimit("cpu", "cpu.max"),
		CgroupMemory: cgroupLimit("memory", "memory.max"),
		MemoryBytes:  memory(),
		LoadAverage:  read("/proc/loadavg"),
		Sysctl:       sysctls("net/core/somaxconn", "net/ipv4/ip_local_port_range", "net/ipv4/tcp_tw_reuse"),
		Go:           runtime.Version(),
		GODEBUG:      os.Getenv("GODEBUG"),
		Placement:    placement,
	}
}

func environmentGaps(e results.Environment) (gaps []results.Gap) {
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

// hostID tells machines apart without naming them: a digest of the machine id with a fixed salt.
func hostID() string {
	id := read("/etc/machine-id")
	if id == "" {
		id, _ = os.Hostname()
	}
	sum := sha256.Sum256([]byte("tlslab host\n" + id))
	return hex.EncodeToString(sum[:6])
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

func cgroupLimit(controller, name string) string {
	text, err := cgroupFile(controller, name)
	if text = strings.TrimSpace(text); err != nil || text == "" || strings.HasPrefix(text, "max") {
		return "unlimited"
	}
	return text
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

func sysctls(names ...string) map[string]string {
	values := map[string]string{}
	for _, name := range names {
		if value := read(filepath.Join("/proc/sys", name)); value != "" {
			values[strings.ReplaceAll(name, "/", ".")] = strings.Join(strings.Fields(value), " ")
		}
	}
	return values
}
