//go:build amd64 || arm64

package ebpf

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/hist"
)

// Another witness counts the same system calls. A thread that sleeps in a call when strace comes or goes returns from
// it and calls again, so strace comes before the observation and goes after it, and nothing happens at either edge.
func TestStrace(t *testing.T) {
	const workers, each = 4, 25
	s := start(t, []string{"GOGC=off"}) // a collection leaves timers behind, which would break the silence
	strace := attachStrace(t, s.pid)
	quiet(t, s.pid)
	o := watch(t, Options{PID: s.pid, Layers: everything})
	loadToTheEnd(t, s.address, workers, each)
	quiet(t, s.pid)
	a := stop(t, o)
	want := strace.end(t)

	calls := byName(a)
	for _, name := range []string{"read", "write", "accept4", "close", "epoll_ctl", "getsockname", "setsockopt"} {
		got := countsOf(calls[name])
		if got != want[name] {
			t.Errorf("%s: got %+v, strace has %+v", name, got, want[name])
		}
		t.Logf("%s: %+v, strace has %+v", name, got, want[name])
	}
	// The runtime goes to sleep and wakes up also while only strace looks on.
	for _, name := range []string{"futex", "epoll_pwait", "nanosleep"} {
		got := countsOf(calls[name])
		t.Logf("%s: %+v, strace has %+v: %d calls apart", name, got, want[name], int64(want[name].calls-got.calls))
	}
	checkKnown(t, calls, workers*each)
}

// checkKnown compares with what the load must have caused. It also says that what strace calls errors is EAGAIN.
func checkKnown(t *testing.T, calls map[string]account.Syscall, handshakes uint64) {
	for _, name := range []string{"read", "accept4"} {
		if call := calls[name]; call.Errors != 0 || call.Again == 0 {
			t.Errorf("%s: %d errors, %d EAGAIN, want none and some", name, call.Errors, call.Again)
		}
	}
	accept := calls["accept4"]
	if got := accept.Count - accept.Again; got != handshakes {
		t.Errorf("%d connections accepted, want %d", got, handshakes)
	}
	if got := calls["close"].Count; got != handshakes {
		t.Errorf("%d connections closed, want %d", got, handshakes)
	}
}

// counts is how often a system call returned, and how often with an error, EAGAIN included.
type counts struct{ calls, errors uint64 }

func countsOf(call account.Syscall) counts { return counts{call.Count, call.Errors + call.Again} }

func byName(a *account.Account) map[string]account.Syscall {
	calls := map[string]account.Syscall{}
	for _, call := range a.Syscalls {
		calls[call.Name] = call
	}
	return calls
}

// tracer is a strace that counts.
type tracer struct {
	cmd     *exec.Cmd
	summary string // its file
}

func attachStrace(t *testing.T, pid int) *tracer {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip(err)
	}
	s := &tracer{summary: filepath.Join(t.TempDir(), "summary")}
	s.cmd = exec.Command(path, "-f", "-c", "-S", "name", "-o", s.summary, "-p", strconv.Itoa(pid))
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill(); s.cmd.Wait() })
	switch line, err := bufio.NewReader(stderr).ReadString('\n'); {
	case strings.Contains(line, "not permitted"):
		t.Skip(strings.TrimSpace(line))
	case !strings.Contains(line, " attached"):
		t.Fatalf("strace says %q, %v", line, err)
	}
	return s
}

// end lets strace go and returns its table.
func (s *tracer) end(t *testing.T) map[string]counts {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait() // the error is that it was interrupted
	text, err := os.ReadFile(s.summary)
	if err != nil {
		t.Fatal(err)
	}
	return parseSummary(t, string(text))
}

// parseSummary reads lines of share, seconds, microseconds per call, calls, errors unless there are none, and name.
func parseSummary(t *testing.T, text string) map[string]counts {
	t.Helper()
	table := map[string]counts{}
	for line := range strings.Lines(text) {
		var one counts
		fields := strings.Fields(line)
		if len(fields) < 5 || len(fields) > 6 || strings.HasPrefix(line, "-") {
			continue
		}
		if len(fields) == 5 {
			fields = append(fields[:4], "0", fields[4])
		}
		if _, err := fmt.Sscan(fields[3]+" "+fields[4], &one.calls, &one.errors); err != nil {
			t.Fatalf("strace's summary: %q: %v", line, err)
		}
		table[fields[5]] = one
	}
	return table
}

// quiet waits until all threads of a process sleep at once: between two looks none has left its sleep.
func quiet(t *testing.T, pid int) {
	t.Helper()
	patience := time.After(20 * time.Second)
	for before := ""; ; {
		now := threadStates(t, pid)
		if now == before && strings.Count(now, "State:") == strings.Count(now, "State:\tS") {
			return
		}
		before = now
		select {
		case <-patience:
			t.Fatalf("process %d does not come to rest:\n%s", pid, now)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// threadStates is the state of each thread with how often it gave up its CPU.
func threadStates(t *testing.T, pid int) string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("process %d has no threads, %v", pid, err)
	}
	var states strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err) // Go's threads do not end
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "State:") || strings.Contains(line, "ctxt_switches:") {
				states.WriteString(line)
			}
		}
	}
	return states.String()
}

// loadToTheEnd is a load whose connections the server has closed when it returns.
func loadToTheEnd(t *testing.T, address string, workers, each int) {
	t.Helper()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				if err := converse(address); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// converse shakes hands, takes the server's byte and waits for the end of the connection.
func converse(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := tls.Client(conn, client).Read(make([]byte, 1)); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}

// Reads of a pipe that are answered late are in the right buckets. How late is known without any allowance for noise:
// a read takes at least from when its thread was seen asleep in it until the answer began to be written, and at most
// from the answer before, which the thread had yet to read, until its echo was here.
func TestKnownDelay(t *testing.T) {
	const delay, reads = 5 * time.Millisecond, 40
	e := startEcho(t)
	e.awaitRead(t)
	o := watch(t, Options{PID: e.cmd.Process.Pid, Layers: Syscalls | Scheduler})
	answered := e.answer(t) // the begin of the first read was not seen
	var least, most []time.Duration
	for range reads {
		asleep := e.awaitRead(t)
		for time.Since(asleep) < delay { // a timer would be late by up to a millisecond: two buckets
		}
		before := answered
		answered = e.answer(t)
		least, most = append(least, answered.Sub(asleep)), append(most, time.Since(before))
	}
	e.awaitRead(t)
	calls := byName(stop(t, o))

	read, write := calls["read"], calls["write"]
	if read.Count != reads || write.Count != reads+1 || read.Errors+read.Again+write.Errors+write.Again != 0 {
		t.Fatalf("%d reads and %d writes, want %d and %d", read.Count, write.Count, reads, reads+1)
	}
	checkBuckets(t, "latency", &read.Latency, least, most)
	checkBuckets(t, "blocked part", &read.Parts.Blocked, least, most)
	sure := 0
	for i := range least {
		if layout.Index(int64(least[i])) == layout.Index(int64(most[i])) {
			sure++
		}
	}
	t.Logf("the bucket of %d of %d reads is certain", sure, reads)
}

// checkBuckets compares a histogram with bounds of its values: up to each edge lie at least those values that cannot
// be greater, and at most those that need not be.
func checkBuckets(t *testing.T, what string, h *hist.Histogram, least, most []time.Duration) {
	t.Helper()
	seen := uint64(0)
	for b := range h.Buckets() {
		if must := upTo(most, b.Lo-1); seen < must {
			t.Errorf("%s: %d values below %v, want at least %d", what, seen, time.Duration(b.Lo), must)
		}
		seen += b.Count
		if may := upTo(least, b.Hi); seen > may {
			t.Errorf("%s: %d values up to %v, want at most %d", what, seen, time.Duration(b.Hi), may)
		}
	}
}

// upTo is how many of the values are not above an edge.
func upTo(values []time.Duration, edge int64) (n uint64) {
	for _, v := range values {
		if int64(v) <= edge {
			n++
		}
	}
	return n
}

// echo is a process of one thread that reads a byte and writes it, again and again.
type echo struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

func startEcho(t *testing.T) *echo {
	t.Helper()
	e := &echo{cmd: exec.Command("dd", "bs=1", "status=none")}
	var err error
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if e.out, err = e.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.in.Close(); e.cmd.Wait() })
	return e
}

// answer gives the process its byte and waits for the echo. It returns when it began to write.
func (e *echo) answer(t *testing.T) time.Time {
	t.Helper()
	now, b := time.Now(), []byte{1}
	if _, err := e.in.Write(b); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(e.out, b); err != nil {
		t.Fatal(err)
	}
	return now
}

// awaitRead waits until the process sleeps in its read and returns an instant when it does.
func (e *echo) awaitRead(t *testing.T) time.Time {
	t.Helper()
	reading := fmt.Sprintf("%d 0x0 ", unix.SYS_READ)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", e.cmd.Process.Pid)) // "running" unless it sleeps
		if os.IsPermission(err) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(text), reading) {
			return time.Now()
		}
	}
	t.Fatal("the process does not read")
	return time.Time{}
}
