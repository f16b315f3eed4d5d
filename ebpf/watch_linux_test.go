//go:build amd64 || arm64

package ebpf

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/results/account"
)

// server is a child process that answers handshakes.
type server struct {
	pid     int
	address string
	stdin   io.Closer
	out     *bufio.Reader
}

var built struct {
	once sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// serverBinary is the server's executable, built once; a test in another namespace is given it.
func serverBinary(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("EBPF_TEST_SERVER"); given != "" {
		return given
	}
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "ebpf")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "server")
		if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", built.path, "./testdata/server").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func start(t testing.TB, environment []string, args ...string) *server {
	t.Helper()
	cmd := exec.Command(serverBinary(t), args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	s := &server{pid: cmd.Process.Pid, stdin: stdin, out: bufio.NewReader(stdout)}
	if _, err := fmt.Fscanln(s.out, &s.address); err != nil {
		t.Fatal(err)
	}
	return s
}

// end ends the server and returns its ledger.
func (s *server) end(t testing.TB) (completed, failed int64) {
	t.Helper()
	s.stdin.Close()
	if _, err := fmt.Fscanln(s.out, &completed, &failed); err != nil {
		t.Fatal(err)
	}
	return completed, failed
}

var client = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}

// handshake shakes hands once and waits for the server's byte. With a delay it is late with its hello.
func handshake(address string, delay time.Duration) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if delay > 0 {
		<-time.After(delay)
	}
	_, err = tls.Client(conn, client).Read(make([]byte, 1))
	return err
}

// load makes handshakes from a few workers.
func load(t testing.TB, address string, workers, each int, delay time.Duration) {
	t.Helper()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				if err := handshake(address, delay); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func watch(t testing.TB, o Options) *Observer {
	t.Helper()
	observer, err := Watch(t.Context(), o)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skipf("%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return observer
}

func stop(t testing.TB, o *Observer) *account.Account {
	t.Helper()
	books, _, err := o.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return books
}

const everything = AllLayers &^ Sampling

// median is that of a number of each handshake.
func median(a *account.Account, of func(account.Handshake) float64) float64 {
	var all []float64
	for _, h := range a.Handshakes {
		all = append(all, of(h))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func within(t testing.TB, what string, got, low, high float64) {
	t.Helper()
	if !(got >= low && got <= high) {
		t.Errorf("%s: got %g, want %g to %g", what, got, low, high)
	}
}

func TestIdentity(t *testing.T) {
	s := start(t, nil)
	o := watch(t, Options{PID: s.pid, Layers: everything, Grid: 50 * time.Millisecond})
	load(t, s.address, 4, 100, 0)
	a := stop(t, o)
	completed, failed := s.end(t)
	if a.Tier != account.Full || len(a.Gaps) > 0 {
		t.Errorf("tier %s, gaps %+v", a.Tier, a.Gaps)
	}
	if got := int64(len(a.Handshakes)); got != completed || completed != 400 || failed != 0 || a.Unfinished != 0 {
		t.Fatalf("saw %d handshakes and %d unfinished, the server %d and %d failed", got, a.Unfinished, completed, failed)
	}
	checkResiduals(t, a)
	checkHandshakes(t, a)
	checkBooks(t, a)
	checkWindows(t, a)
	for _, p := range a.Probes {
		unused := p.Name == "tcp_retransmit_skb" || p.Site == "call" // the call is where handshakes fail
		if p.Hits == 0 && !unused && p.Name != "sched_wakeup_new" {
			t.Errorf("probe %s: no hits", p.Name)
		}
		if !p.Cheap {
			t.Errorf("probe %s is single-stepped: %s", p.Name, p.Site)
		}
	}
}

// checkResiduals is the gate that tells when a release of Go has moved one of the hooks.
func checkResiduals(t *testing.T, a *account.Account) {
	var all []float64
	for _, h := range a.Handshakes {
		all = append(all, math.Abs(float64(h.Residual()))/float64(h.Wall()))
	}
	slices.Sort(all)
	within(t, "residual at p50", all[len(all)/2], 0, 0.005)
	within(t, "residual at p99", all[len(all)*99/100], 0, 0.005)
}

func checkHandshakes(t *testing.T, a *account.Account) {
	var sum account.Times
	for _, h := range a.Handshakes {
		var phases account.Times
		for _, p := range h.Phases {
			phases.Add(p)
		}
		if phases != h.Time {
			t.Fatalf("phases add up to %v, the handshake has %v", phases, h.Time)
		}
		if h.Port == 0 || h.Failed || !(h.Established <= h.Accepted && h.Accepted <= h.Begin && h.Begin < h.End) {
			t.Fatalf("implausible: %+v", h)
		}
		sum.Add(h.Time)
	}
	for _, class := range []account.Class{account.User, account.Kernel, account.Network} {
		if sum[class] == 0 {
			t.Errorf("class %d has no time", class)
		}
	}
	if sum[account.Kernel] > sum[account.User] {
		t.Errorf("%v in the kernel, %v in user mode: handshakes compute", sum[account.Kernel], sum[account.User])
	}
}

func checkBooks(t *testing.T, a *account.Account) {
	b := a.Books
	within(t, "on-CPU against schedstat", float64(b.OnCPU)/float64(b.SchedstatCPU), 0.97, 1.03)
	within(t, "run queue against schedstat", float64(b.RunQueue)/float64(b.SchedstatRunDelay), 0.95, 1.05)
	if b.Accepts != 400 || a.AcceptWait.Count() != 400 || b.Drops != 0 {
		t.Errorf("accepts %d, waits %d, drops %d, want 400, 400, 0", b.Accepts, a.AcceptWait.Count(), b.Drops)
	}
	within(t, "parks without a stamp", float64(b.Unstamped), 0, 4)
}

func checkWindows(t *testing.T, a *account.Account) {
	calls := map[string]uint64{}
	var at time.Duration
	for _, w := range a.Windows {
		if w.At != at {
			t.Fatalf("a window begins at %v, the one before ended at %v", w.At, at)
		}
		at += w.Length
		for name, use := range w.Syscalls {
			calls[name] += use.Count
		}
		for class, d := range w.Threads {
			if d < 0 {
				t.Errorf("window at %v: class %d has %v", w.At, class, d)
			}
		}
	}
	if at != a.Length {
		t.Errorf("windows end at %v, the account at %v", at, a.Length)
	}
	for _, call := range a.Syscalls {
		if more := call.Count - calls[call.Name]; more > 5 { // between the last reading and the end of the recording
			t.Errorf("%s: %d calls in all, %d in the windows", call.Name, call.Count, calls[call.Name])
		}
		if sum := call.Time.Sum(); call.Latency.Sum() != uint64(sum) {
			t.Errorf("%s: parts come to %v, calls to %v", call.Name, sum, time.Duration(call.Latency.Sum()))
		}
	}
	within(t, "accept4", float64(calls["accept4"]), 400, 900)
	within(t, "reads", float64(calls["read"]), 400*3, 400*12)
	within(t, "writes", float64(calls["write"]), 400*2, 400*6)
}

// Each plant is found in its class, and hardly elsewhere.
func TestPlants(t *testing.T) {
	const size = 5 * time.Millisecond
	fifo := filepath.Join(t.TempDir(), "certificate.pem")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		plant string
		want  account.Class
	}{
		{"burn", account.User},
		{"kernel", account.Kernel},
		{"nanosleep", account.Blocked},
		{"fifo", account.Blocked},
		{"sleep", account.Goroutine},
		{"lock", account.Goroutine},
		{"late client", account.Network},
	}
	for _, tt := range tests {
		t.Run(tt.plant, func(t *testing.T) {
			t.Parallel()
			delay, args := time.Duration(0), []string{tt.plant, size.String()}
			if tt.want == account.Network {
				delay, args = size, nil
			}
			s := start(t, []string{"FIFO=" + fifo}, args...)
			o := watch(t, Options{PID: s.pid, Layers: everything})
			load(t, s.address, 1, 25, delay)
			a := stop(t, o)
			if len(a.Handshakes) != 25 {
				t.Fatalf("%d handshakes, want 25", len(a.Handshakes))
			}
			checkPlant(t, a, tt.want, size)
			if tt.plant == "fifo" {
				checkFIFO(t, a, size)
			}
		})
	}
}

// checkPlant finds the plant in its class and in no other. Other tests run at the same time, so threads wait for a CPU,
// goroutines for a thread, and the server for its client.
func checkPlant(t *testing.T, a *account.Account, want account.Class, size time.Duration) {
	t.Helper()
	got := median(a, func(h account.Handshake) float64 { return (h.Time[want] + h.Time[account.RunQueue]).Seconds() })
	within(t, "seconds in the class", got, 0.8*size.Seconds(), 3*size.Seconds())
	for _, class := range []account.Class{account.User, account.Kernel, account.Blocked, account.Goroutine} {
		if class == want {
			continue
		}
		leaked := median(a, func(h account.Handshake) float64 { return h.Time[class].Seconds() })
		within(t, fmt.Sprintf("seconds in class %d", class), leaked, 0, 0.4*size.Seconds())
	}
}

func checkFIFO(t *testing.T, a *account.Account, size time.Duration) {
	for _, file := range a.Files {
		if file.Path == "certificate.pem" {
			within(t, "reads of the FIFO", float64(file.Count), 25, 25)
			within(t, "seconds for them", file.Time.Seconds(), 25*0.7*size.Seconds(), 25*3*size.Seconds())
			return
		}
	}
	t.Errorf("the FIFO is not among the files: %+v", a.Files)
}

// What a client may do wrong, each failing the handshake elsewhere.
func TestFailedHandshakes(t *testing.T) {
	s := start(t, nil)
	o := watch(t, Options{PID: s.pid, Layers: everything})
	old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
	strangers := []func(net.Conn){
		func(net.Conn) {},
		func(c net.Conn) { io.WriteString(c, "GET / HTTP/1.0\r\n\r\n") },
		func(c net.Conn) { tls.Client(c, old).Handshake() },
		func(c net.Conn) { tls.Client(c, &tls.Config{ServerName: "nobody.example"}).Handshake() },
	}
	for range 5 {
		load(t, s.address, 1, 1, 0)
		for _, strange := range strangers {
			spoil(t, s.address, strange)
		}
	}
	a := stop(t, o)
	completed, failed := s.end(t)
	var sawFailed int64
	for _, h := range a.Handshakes {
		if h.Failed {
			sawFailed++
		}
	}
	sawCompleted := int64(len(a.Handshakes)) - sawFailed
	if sawCompleted != completed || sawFailed != failed || failed != 20 || completed != 5 || a.Unfinished != 0 {
		t.Errorf("saw %d completed, %d failed, %d unfinished; the server %d and %d, want 5 and 20",
			sawCompleted, sawFailed, a.Unfinished, completed, failed)
	}
}

// The client's state machine, on this very process.
func TestClient(t *testing.T) {
	s := start(t, nil)
	o := watch(t, Options{PID: os.Getpid(), Layers: everything, Client: true})
	load(t, s.address, 2, 50, 0)
	if err := handshake(s.address, 0); err != nil {
		t.Fatal(err)
	}
	_, untrusted := tls.Dial("tcp", s.address, &tls.Config{ServerName: "nobody.example"})
	a := stop(t, o)
	if untrusted == nil {
		t.Error("a certificate of nobody was trusted")
	}
	if len(a.Handshakes) != 102 || a.Unfinished != 0 {
		t.Fatalf("%d handshakes, %d unfinished, want 102 and 0", len(a.Handshakes), a.Unfinished)
	}
	checkResiduals(t, a)
	var network time.Duration
	for i, h := range a.Handshakes {
		network += h.Time[account.Network]
		if h.Failed != (i == 101) || h.Port == 0 || h.Phases[0].Sum() == 0 || h.Established > h.Begin {
			t.Errorf("handshake %d: %+v", i, h)
		}
	}
	if network == 0 {
		t.Error("no handshake waited for the network")
	}
}

// spoil does something to a connection and waits until the server has closed it.
func spoil(t *testing.T, address string, do func(net.Conn)) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	do(conn)
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
}

// A program that is no Go program is followed as far as the kernel goes.
func TestPartial(t *testing.T) {
	text := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(text, []byte("some words"), 0o600); err != nil {
		t.Fatal(err)
	}
	cat := exec.Command("sh", "-c", "read line; exec cat "+text+" -")
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	o := watch(t, Options{PID: cat.Process.Pid, Layers: everything})
	const delay, writes = 5 * time.Millisecond, 21
	ticks := time.NewTicker(delay)
	defer ticks.Stop()
	for range writes {
		<-ticks.C
		if _, err := io.WriteString(in, "x\n"); err != nil {
			t.Fatal(err)
		}
	}
	in.Close()
	if err := cat.Wait(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-o.Gone():
	case <-time.After(2 * time.Second):
		t.Error("the end of the process was not noticed")
	}
	a := stop(t, o)
	if a.Tier != account.Partial || len(a.Gaps) != 1 || a.Gaps[0].What != "handshakes" || a.Gaps[0].Hint == "" {
		t.Errorf("tier %s, gaps %+v", a.Tier, a.Gaps)
	}
	checkRead(t, a, delay)
	for _, f := range a.Files {
		if f.Path == "words" && (f.Bytes != 10 || f.Count != 2) {
			t.Errorf("the file was read %d times, %d bytes, want 2 and 10", f.Count, f.Bytes)
		}
	}
	if !slices.ContainsFunc(a.Files, func(f account.FileRead) bool { return f.Path == "words" }) {
		t.Errorf("the file is not among %+v", a.Files)
	}
}

// checkRead finds the delay in the right bucket.
func checkRead(t *testing.T, a *account.Account, delay time.Duration) {
	for _, call := range a.Syscalls {
		if call.Name != "read" {
			continue
		}
		blocked := &call.Parts.Blocked
		within(t, "p75 of read", float64(call.Latency.Quantile(0.75)), 0.8*float64(delay), 1.3*float64(delay))
		within(t, "p75 of its blocked part", float64(blocked.Quantile(0.75)), 0.8*float64(delay), 1.3*float64(delay))
		return
	}
	t.Error("read was not seen")
}

// In a pid namespace of its own a process has another number than the programs in the kernel know.
func TestPIDNamespace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("unshare needs root")
	}
	cmd := exec.Command("unshare", "--pid", "--fork", "--mount-proc", os.Args[0], "-test.run=^TestIdentity$", "-test.v")
	cmd.Env = append(os.Environ(), "EBPF_TEST_SERVER="+serverBinary(t))
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "unshare failed") {
		t.Skipf("%s", out)
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

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
