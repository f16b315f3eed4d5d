package variant

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
)

func self(t *testing.T) Binary {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Binary{Path: path}
}

// start starts a fake server that must say hello.
func start(t *testing.T, mode string, o Options) *Process {
	t.Helper()
	if o.Env == nil {
		o.Env = map[string]string{}
	}
	o.Env["TLSLAB_FAKE"] = mode
	o.Env["GORACE"] = "atexit_sleep_ms=0" // a test binary with the race detector exits a second late
	p, err := Start(t.Context(), self(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcess(t *testing.T) {
	ctx := t.Context()
	p := start(t, "good", Options{Settings: server.Settings{Listen: "127.0.0.1:0"}})
	if got := p.Hello(); got.Address != "127.0.0.1:0" || got.PID != p.PID() {
		t.Errorf("hello is of %s, process %d; want 127.0.0.1:0, %d", got.Address, got.PID, p.PID())
	}
	if err := p.Begin(ctx); err != nil {
		t.Error(err)
	}
	report, err := p.End(ctx)
	if err != nil || report.Ledger.Accepted != 7 {
		t.Errorf("end: accepted %d, %v; want 7", report.Ledger.Accepted, err)
	}
	if err := p.StartProfiles(ctx, 0); err == nil || !strings.Contains(err.Error(), "a profile is running already") {
		t.Errorf("profile-start: %v, want the server's error", err)
	}
	if profiles, err := p.StopProfiles(ctx); err != nil || len(profiles) != 1 || string(profiles[0].Data) != "profile" {
		t.Errorf("profile-stop: %q, %v", profiles, err)
	}
	if err := p.StartTrace(ctx, 0); err != nil {
		t.Errorf("trace-start: %v", err)
	}
	if trace, err := p.StopTrace(ctx); err != nil || string(trace.Data) != "trace" || !trace.Cut {
		t.Errorf("trace-stop: %q, cut %t, %v", trace.Data, trace.Cut, err)
	}
	if err := p.Plant(ctx, &server.Plant{Component: "weed"}); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("plant: %v, want the server's error", err)
	}
	if err := p.Err(); err != nil {
		t.Errorf("running, yet %v", err)
	}
	if err := p.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := p.Begin(ctx); err == nil || !strings.Contains(err.Error(), "has stopped") {
		t.Errorf("begin after stop: %v, want has stopped", err)
	}
	if err := p.Stop(ctx); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	for _, test := range []struct {
		mode, want, hint string // without a hint the server could be started here
		crashed          bool
	}{
		{"port", "start: server crashed: exit status 1: tlslab-server: listen tcp 127.0.0.1:443: bind: address already in use", "free port", true},
		{"refuse", "server: start: listen tcp 127.0.0.1:443: bind: address already in use", "free port", false},
		{"panic", "start: server crashed: exit status 2: panic: no certificate", "", true},
		{"mute", "server did not answer to start: no hello within 300ms", "", false},
		{"garbage", "its output is not the protocol", "", false},
		{"chatter", "server", "", false}, // a reply without hello, or replies without a request: the race is the server's
		{"closed", "it closed its output but did not exit", "", false},
	} {
		t.Run(test.mode, func(t *testing.T) {
			limit := 10 * time.Second
			if test.mode == "mute" {
				limit = 300 * time.Millisecond
			}
			_, err := Start(t.Context(), self(t), Options{Env: map[string]string{"TLSLAB_FAKE": test.mode}, Timeout: limit})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			var with *Error
			if errors.As(err, &with) != (test.hint != "") || with != nil && !strings.Contains(with.Hint, test.hint) {
				t.Errorf("%#v: want the hint %q", err, test.hint)
			}
			if got := errors.Is(err, ErrCrashed); got != test.crashed {
				t.Errorf("%v: crashed %t, want %t", err, got, test.crashed)
			}
		})
	}
}

func TestNotExecutable(t *testing.T) {
	dir := plant(t, map[string]string{"text": "no executable"})
	for name, want := range map[string]error{"none": os.ErrNotExist, "text": os.ErrPermission} {
		_, err := Start(t.Context(), Binary{Path: filepath.Join(dir, name)}, Options{})
		var with *Error
		if !errors.Is(err, want) || !errors.As(err, &with) || with.Hint == "" {
			t.Errorf("%s: got %#v, want %v and a hint", name, err, want)
		}
	}
}

func TestChangedBinary(t *testing.T) {
	bin := self(t)
	bin.SBOM.SHA256 = strings.Repeat("0", 64)
	if _, err := Start(t.Context(), bin, Options{}); !errors.Is(err, errChanged) {
		t.Errorf("got %v, want %v", err, errChanged)
	}
}

func TestKilledDuringRequest(t *testing.T) {
	p := start(t, "killed", Options{})
	_, err := p.End(t.Context())
	if want := "end: server crashed: killed by signal 9"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	<-p.Done()
	if err := p.Err(); err == nil || !errors.Is(err, ErrCrashed) {
		t.Errorf("got %v", err)
	}
	if err := p.Stop(t.Context()); err == nil {
		t.Error("stop hides how the server died")
	}
}

func TestKilledBetweenRequests(t *testing.T) {
	p := start(t, "good", Options{})
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err := p.Begin(t.Context())
	if want := "begin: server crashed: killed by signal 9"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRequestTimesOut(t *testing.T) {
	p := start(t, "hang", Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.End(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	<-p.Done() // it would answer the next request with the last one's reply
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "did not answer to end") {
		t.Errorf("got %v, want did not answer to end", err)
	}
}

func TestStubborn(t *testing.T) {
	p := start(t, "stubborn", Options{})
	began := time.Now()
	err := p.Stop(t.Context())
	if err == nil || !strings.Contains(err.Error(), "did not stop within 1s") {
		t.Errorf("got %v, want did not stop within 1s", err)
	}
	if took := time.Since(began); took > 10*StopTime {
		t.Errorf("stop took %v", took)
	}
}

func TestEndOfInput(t *testing.T) {
	p := start(t, "good", Options{})
	p.stdin.Close()
	<-p.Done()
	if err := p.Err(); err == nil || !errors.Is(err, ErrCrashed) {
		t.Errorf("got %v", err)
	}
}

func TestContextEndsServer(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	p, err := Start(ctx, self(t), Options{Env: map[string]string{"TLSLAB_FAKE": "good"}})
	if err != nil {
		t.Fatal(err)
	}
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	<-p.Done()
	if err := p.Err(); !errors.Is(err, interrupted) {
		t.Errorf("got %v, want %v", err, interrupted)
	}
}

func TestCleanEnvironment(t *testing.T) {
	for _, name := range []string{"GODEBUG", "GOGC", "GOMAXPROCS", "SSLKEYLOGFILE"} {
		t.Setenv(name, "1")
	}
	p := start(t, "good", Options{Env: map[string]string{"GODEBUG": "tlsmlkem=0"}, GOMAXPROCS: 3})
	defer p.Stop(t.Context())
	want := map[string]string{"TLSLAB_FAKE": "good", "GORACE": "atexit_sleep_ms=0", "GODEBUG": "tlsmlkem=0", "GOMAXPROCS": "3"}
	got := p.Hello().Build
	if len(got) != len(want) {
		t.Errorf("environment %v, want %v", got, want)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s=%s, want %s", name, got[name], value)
		}
	}
}

func TestUnknownFeature(t *testing.T) {
	p := start(t, "good", Options{Env: map[string]string{"GODEBUG": "cpu.nonsense=off"}})
	defer p.Stop(t.Context())
	var f findings
	f.warned(p.Stderr()) // at once: what came before the hello is there
	if len(f) != 1 || !strings.Contains(f[0], `unknown cpu feature "nonsense"`) {
		t.Errorf("findings %q of stderr %q, want one on nonsense", f, p.Stderr())
	}
}

func TestStderrIsBounded(t *testing.T) {
	p := start(t, "flood", Options{})
	defer p.Stop(t.Context())
	got := p.Stderr()
	if len(got) > 4*keep || !strings.HasPrefix(got, "first line\n") || !strings.HasSuffix(got, "\nlast line\n") {
		t.Errorf("%d bytes from %.20q to %q", len(got), got, got[len(got)-20:])
	}
}

// lifeline listens, at a path for TLSLAB_ALIVE, for the processes that a test starts: see [alive].
func lifeline(t *testing.T) (listener *net.UnixListener, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "alive")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener, path
}

// accept takes the next process's connection.
func accept(t *testing.T, listener *net.UnixListener) net.Conn {
	t.Helper()
	listener.SetDeadline(time.Now().Add(20 * time.Second))
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ends fails the test if the process at the other end lives on.
func ends(t *testing.T, name string, conn net.Conn, within time.Duration) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(within))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%s lives on: %v", name, err)
	}
}

// orphan starts a parent with one child, kills the parent and waits until the child has ended too.
func orphan(t *testing.T, child string) {
	t.Helper()
	listener, path := lifeline(t)
	parent := exec.Command(self(t).Path)
	parent.Env = []string{"TLSLAB_FAKE=parent", "TLSLAB_CHILD=" + child, "TLSLAB_ALIVE=" + path}
	stdin, err1 := parent.StdinPipe()
	stdout, err2 := parent.StdoutPipe()
	if err := errors.Join(err1, err2, parent.Start()); err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	conn := accept(t, listener)
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal("the parent died early")
	}
	parent.Process.Kill()
	parent.Wait()
	ends(t, "the child", conn, 20*time.Second)
}

func TestParentGone(t *testing.T) { orphan(t, "good") }

func TestParentGoneOfStubborn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills the children of a dead parent")
	}
	orphan(t, "stubborn")
}
