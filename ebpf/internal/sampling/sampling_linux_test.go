//go:build amd64 || arm64

package sampling

import (
	"bufio"
	"crypto/tls"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/symbols"
	"github.com/tlslab/tlslab/results/account"
)

// server starts a TLS server built with these settings.
func server(t *testing.T, environment []string, flags ...string) (pid int, address string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", append(append([]string{"build", "-o", program}, flags...), "./testdata/server")...)
	build.Env = append(os.Environ(), environment...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("cannot build with %v: %v\n%s", environment, err, out)
	}
	command := exec.Command(program)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { input.Close(); command.Wait() })
	if _, err := fmt.Fscanln(bufio.NewReader(output), &address); err != nil {
		t.Fatal(err)
	}
	return command.Process.Pid, address
}

// load makes handshakes until a server has used this much processor time.
func load(t *testing.T, pid int, address string, enough time.Duration, group tls.CurveID) {
	t.Helper()
	began, err := onCPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for now := began; now-began < enough; now, _ = onCPU(pid) {
				for range 10 {
					if err := handshake(address, group); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	clients.Wait()
}

func handshake(address string, group tls.CurveID) error {
	config := &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{group}}
	connection, err := tls.Dial("tcp", address, config)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = connection.Read(make([]byte, 1))
	return err
}

func begin(t *testing.T, o Options) *Sampler {
	t.Helper()
	s, err := Start(o)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOENT) {
		t.Skip("cannot sample here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// backends are builds of the same server. All must be walked to where their goroutines begin.
var backends = []struct {
	name        string
	environment []string
	flags       []string
	group       tls.CurveID
	rooted      float64 // of the samples, at least
}{
	{"std", []string{"CGO_ENABLED=0"}, nil, tls.X25519MLKEM768, 0.95},
	{"stripped and position-independent", []string{"CGO_ENABLED=0"}, []string{"-buildmode=pie", "-ldflags=-s -w"}, tls.CurveP256, 0.95},
	{"fips140", []string{"CGO_ENABLED=0", "GOFIPS140=latest"}, nil, tls.CurveP256, 0.95},
	{"boringcrypto", []string{"CGO_ENABLED=1", "GOEXPERIMENT=boringcrypto"}, nil, tls.CurveP256, 0.85},
}

func TestServers(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			pid, address := server(t, b.environment, b.flags...)
			s := begin(t, Options{PID: pid})
			load(t, pid, address, 300*time.Millisecond, b.group)
			samples, total, err := s.Stop()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", total)
			if got := float64(total.Rooted) / float64(total.Samples); !(got >= b.rooted) {
				t.Errorf("%.3f of the stacks are rooted, want %.2f: they end with %v", got, b.rooted, ends(samples))
			}
			if got := float64(total.Samples) / total.Expected; !(got > 0.5 && got < 1.1) || total.Lost != 0 {
				t.Errorf("%.3f of the expected samples, %d lost", got, total.Lost)
			}
			if len(s.Gaps) == 0 && !seen(samples, symbols.Kernel, "tcp_sendmsg", "net.(*conn).Write") {
				t.Error("no sample of sending through the kernel")
			}
			if b.name == "boringcrypto" && !seen(samples, symbols.C, "ecp_nistz256_", "_Cfunc__goboringcrypto_") {
				t.Error("no sample of BoringCrypto's C below Go")
			}
		})
	}
}

// ends counts the outermost functions of stacks that are not rooted.
func ends(samples []account.Sample) map[string]int64 {
	count := map[string]int64{}
	for _, s := range samples {
		if root(s.Stack) == unknown {
			count[s.Stack[len(s.Stack)-1].Function] += s.Count
		}
	}
	return count
}

// seen reports whether a stack has such a function of a module and, further out, such a function of Go.
func seen(samples []account.Sample, module, inner, outer string) bool {
	return slices.ContainsFunc(samples, func(s account.Sample) bool {
		i := slices.IndexFunc(s.Stack, func(f account.Frame) bool {
			return f.Module == module && strings.Contains(f.Function, inner)
		})
		return i >= 0 && slices.ContainsFunc(s.Stack[i:], func(f account.Frame) bool {
			return f.Module == symbols.Go && strings.Contains(f.Function, outer)
		})
	})
}

// Every thread of the server is said to be in one phase, as account.c would say it; and windows change.
func TestPhaseAndWindow(t *testing.T) {
	pid, address := server(t, []string{"CGO_ENABLED=0"})
	load(t, pid, address, 50*time.Millisecond, tls.X25519) // it has its threads
	threads := threadsOf(t, pid)
	s := begin(t, Options{PID: pid, Threads: threads, Phases: []string{"hello", "sign"}})
	for window := range 2 {
		if err := s.Window(window); err != nil {
			t.Fatal(err)
		}
		load(t, pid, address, 100*time.Millisecond, tls.X25519)
	}
	samples, total, err := s.Stop()
	if err != nil {
		t.Fatal(err)
	}
	var phase int64
	windows := map[int]int64{}
	for _, s := range samples {
		windows[s.Window] += s.Count
		if s.Phase == "sign" {
			phase += s.Count
		}
	}
	if phase < total.Samples/2 { // a thread may be new
		t.Errorf("%d of %d samples are in their phase", phase, total.Samples)
	}
	if len(windows) != 2 || windows[0] == 0 || windows[1] == 0 {
		t.Errorf("got windows %v, want 0 and 1", windows)
	}
}

// threadsOf is a map in which all threads that a process has are in phase 1.
func threadsOf(t *testing.T, pid int) *ebpf.Map {
	t.Helper()
	spec, err := bpf.LoadSample()
	if err != nil {
		t.Fatal(err)
	}
	threads, err := ebpf.NewMap(spec.Maps[bpf.SampleMapThreads])
	if err != nil {
		t.Skip("no task storage: ", err)
	}
	t.Cleanup(func() { threads.Close() })
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.PidfdOpen(tid, unix.O_EXCL) // PIDFD_THREAD
		if err != nil {
			t.Skip("no file descriptors of threads, new in Linux 6.9: ", err)
		}
		err = threads.Put(uint32(fd), bpf.SampleThread{Phase: 1})
		unix.Close(fd)
		if err != nil {
			t.Fatal(err)
		}
	}
	return threads
}

func TestStartRefuses(t *testing.T) {
	if _, err := Start(Options{PID: 1 << 22}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such process: got %v", err)
	}
	if _, err := Start(Options{PID: os.Getpid(), Program: "testdata/server/main.go"}); err == nil {
		t.Error("took a source file for a program")
	}
}

// What the runtime's structures look like is read from the debugger's information of a program of this release.
func TestLayout(t *testing.T) {
	program := filepath.Join(t.TempDir(), "server")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/server").CombinedOutput(); err != nil {
		t.Skipf("cannot build: %v\n%s", err, out)
	}
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	debug, err := file.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	want := layout{
		m:       field(t, debug, "runtime.g", "m"),
		current: field(t, debug, "runtime.m", "curg"),
		saved:   field(t, debug, "runtime.g", "sched") + field(t, debug, "runtime.gobuf", "bp"),
	}
	if got := layoutOf(program); got != want {
		t.Errorf("%s has another layout of runtime.g: got %+v, want %+v", runtime.Version(), got, want)
	}
}

func field(t *testing.T, debug *dwarf.Data, structure, name string) uint32 {
	t.Helper()
	for r := debug.Reader(); ; {
		e, err := r.Next()
		if err != nil || e == nil {
			t.Fatalf("no %s.%s: %v", structure, name, err)
		}
		if e.Tag != dwarf.TagStructType || e.Val(dwarf.AttrName) != structure {
			continue
		}
		kind, err := debug.Type(e.Offset)
		if err != nil {
			t.Fatal(err)
		}
		fields := kind.(*dwarf.StructType).Field
		i := slices.IndexFunc(fields, func(f *dwarf.StructField) bool { return f.Name == name })
		if i >= 0 {
			return uint32(fields[i].ByteOffset)
		}
	}
}
