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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
