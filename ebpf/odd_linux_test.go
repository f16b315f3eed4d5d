//go:build amd64 || arm64

package ebpf

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/results/account"
)

// Nothing stays behind, neither when the watch ends nor when its process is killed.
func TestLeavesNothing(t *testing.T) {
	if pid := os.Getenv("EBPF_TEST_WATCH"); pid != "" {
		watchUntilKilled(t, pid)
	}
	s := start(t, nil)
	o := watch(t, Options{PID: s.pid, Layers: everything})
	ids := programs(t, o)
	stop(t, o)
	vanish(t, ids)

	child := exec.Command(os.Args[0], "-test.run=^TestLeavesNothing$")
	child.Env = append(os.Environ(), fmt.Sprint("EBPF_TEST_WATCH=", s.pid))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	count := len(ids)
	ids = nil
	for range count {
		var id ebpf.ProgramID
		if _, err := fmt.Fscan(out, &id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	child.Process.Kill()
	child.Wait()
	vanish(t, ids)
}

// watchUntilKilled is the child of TestLeavesNothing: it says what it loaded.
func watchUntilKilled(t *testing.T, pid string) {
	number, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range programs(t, watch(t, Options{PID: number, Layers: everything})) {
		fmt.Println(id)
	}
	select {}
}

// programs are the numbers of all that an observer has loaded.
func programs(t *testing.T, o *Observer) (ids []ebpf.ProgramID) {
	t.Helper()
	for _, part := range o.loader.parts {
		for _, program := range part.Programs {
			info, err := program.Info()
			if err != nil {
				t.Fatal(err)
			}
			id, _ := info.ID()
			ids = append(ids, id)
		}
	}
	return ids
}

// vanish waits until the programs are gone, for a second at most.
func vanish(t *testing.T, ids []ebpf.ProgramID) {
	t.Helper()
	patience := time.After(time.Second)
	for len(ids) > 0 {
		program, err := ebpf.NewProgramFromID(ids[0])
		if errors.Is(err, os.ErrNotExist) {
			ids = ids[1:]
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		program.Close()
		select {
		case <-patience:
			t.Fatalf("%d programs are still there after a second", len(ids))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Without rights all that happens is that each capability says what is missing.
func TestPlainUser(t *testing.T) {
	if os.Geteuid() != 0 {
		checkNothingWorks(t)
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestPlainUser$")
	cmd.SysProcAttr = &unix.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) { // root of a user namespace, which is nobody
		checkNothingWorks(t)
	} else if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func checkNothingWorks(t *testing.T) {
	all := Probe()
	if all.Tier() != account.Runtime {
		t.Skipf("this user may load eBPF programs: %+v", all)
	}
	for _, c := range all {
		if c.Err != nil && c.Hint == "" {
			t.Errorf("%s: %v, and no hint", c.Kind, c.Err)
		}
	}
	_, err := Watch(t.Context(), Options{PID: os.Getpid()})
	var unavailable *Unavailable
	if !errors.As(err, &unavailable) || unavailable.Hint == "" {
		t.Errorf("watch: got %v, want one with a hint", err)
	}
}

func TestWatchNobody(t *testing.T) {
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil || len(threads) < 2 {
		t.Fatalf("threads %v, %v", threads, err)
	}
	thread, err := strconv.Atoi(filepath.Base(threads[len(threads)-1]))
	if err != nil || thread == os.Getpid() {
		t.Fatalf("threads %v, %v", threads, err)
	}
	for _, c := range []struct {
		pid  int
		want error
	}{{1 << 22, unix.ESRCH}, {-1, unix.ESRCH}, {thread, errThread}} {
		_, err := Watch(t.Context(), Options{PID: c.pid})
		var unavailable *Unavailable
		if !errors.As(err, &unavailable) || !errors.Is(err, c.want) || unavailable.Hint == "" {
			t.Errorf("%d: got %v, want %v with a hint", c.pid, err, c.want)
		}
	}
}

// The kernel's own threads run no program.
func TestWatchKernel(t *testing.T) {
	const kthreadd = 2
	if name, err := os.ReadFile("/proc/2/comm"); err != nil || string(name) != "kthreadd\n" {
		t.Skipf("this pid namespace does not show the kernel's threads: %q, %v", name, err)
	}
	a := stop(t, watch(t, Options{PID: kthreadd, Layers: Syscalls | Scheduler | Goroutines}))
	if a.Tier != account.Partial || len(a.Gaps) != 1 || a.Gaps[0].Reason != errNoProgram.Error() || a.Gaps[0].Hint == "" {
		t.Errorf("tier %s, gaps %+v", a.Tier, a.Gaps)
	}
}

// A program that becomes another one is not passed over in silence.
func TestExec(t *testing.T) {
	shell := exec.Command("sh", "-c", "read line; exec cat")
	in, errIn := shell.StdinPipe()
	out, errOut := shell.StdoutPipe()
	if err := errors.Join(errIn, errOut, shell.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); shell.Wait() })
	o := watch(t, Options{PID: shell.Process.Pid, Layers: Syscalls | Scheduler})
	if _, err := io.WriteString(in, "for the shell\nfor cat\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil { // so the shell is cat by now
		t.Fatal(err)
	}
	if a := stop(t, o); len(a.Gaps) != 1 || a.Gaps[0].What != "what came after exec" {
		t.Errorf("gaps %+v", a.Gaps)
	}
}

// Of TLS 1.2 no end is seen, and the account says so.
func TestOldVersion(t *testing.T) {
	s := start(t, []string{"OLDEST=1.2"})
	o := watch(t, Options{PID: s.pid, Layers: everything})
	for range 5 {
		spoil(t, s.address, func(c net.Conn) {
			tls.Client(c, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}).Handshake()
		})
	}
	a := stop(t, o)
	if completed, _ := s.end(t); completed != 5 || len(a.Handshakes) != 0 || a.Unfinished != completed {
		t.Errorf("%d handshakes, %d unfinished; the server completed %d, want 5", len(a.Handshakes), a.Unfinished, completed)
	}
	if len(a.Gaps) != 1 || a.Gaps[0].What != "most handshakes" {
		t.Errorf("gaps %+v", a.Gaps)
	}
}

// A thread that ends while the threads are read counts once.
func TestEndingThreads(t *testing.T) {
	const life = 20 * time.Millisecond
	o := watch(t, Options{PID: os.Getpid(), Layers: Syscalls | Scheduler, Grid: time.Millisecond})
	var all sync.WaitGroup
	for range 300 {
		all.Go(func() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			<-time.After(life)
		})
	}
	all.Wait()
	for _, w := range stop(t, o).Windows {
		if d := w.Threads[account.Blocked]; d < -life/2 {
			t.Errorf("threads were blocked for %v in the window at %v", d, w.At)
		}
	}
}

// Every kind of program that the full tier needs works here, and costs what is bearable.
func TestProbe(t *testing.T) {
	all := Probe()
	for _, c := range all {
		if errors.Is(c.Err, unix.EPERM) {
			t.Skipf("%s: %v", c.Kind, c.Err)
		}
	}
	if all.Tier() == account.Runtime {
		t.Skipf("this kernel lacks something: %+v", all)
	}
	prices, err := Calibrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if prices.Others <= 0 || prices.Others > prices.SysEnter+prices.SysExit || prices.Emulated >= prices.Stepped {
		t.Errorf("prices: %+v", prices)
	}
	t.Logf("%+v", prices)
}
