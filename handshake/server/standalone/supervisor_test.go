package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// supervisor is one whose children are this test binary.
func (l *lab) supervisor() Supervisor {
	return Supervisor{Settings: l.Settings, Child: []string{os.Args[0], "child"}}
}

func (s Supervisor) supervise(t *testing.T) (hello Hello, stop func()) {
	t.Helper()
	errs, err := os.Create(filepath.Join(t.TempDir(), "stderr")) // of children too: stacks that nobody asked for
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, func(ctx context.Context, out io.Writer) error {
		defer errs.Close()
		return s.Run(ctx, out, errs)
	})
}

// restarted waits until a server that was replaced so often answers. A question that comes too early is answered by
// the child before, or by nobody.
func (l *lab) restarted(t *testing.T, times int) (s Status) {
	t.Helper()
	limit := time.Now().Add(patient)
	for time.Now().Before(limit) {
		line, err := l.ask("SHOW TLS")
		if err == nil && json.Unmarshal([]byte(line), &s) == nil && s.Restarts == times {
			return s
		}
		runtime.Gosched()
	}
	t.Fatalf("no server with %d restarts; the last one said %+v", times, s)
	return s
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestSupervisor(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	s := l.supervisor()
	told := filepath.Join(t.TempDir(), "told")
	s.Hook = "echo $TLSLAB_EXIT, $TLSLAB_RESTARTS, $TLSLAB_GENERATION >> " + told
	hello, stop := s.supervise(t)
	if hello.PID == os.Getpid() {
		t.Fatal("no child")
	}
	pid := hello.PID
	for n := 1; n <= 3; n++ {
		kill(t, pid)
		status := l.restarted(t, n)
		if status.LastExit != "signal killed" || status.PID == pid {
			t.Errorf("got %+v", status)
		}
		pid = status.PID
		if got := l.generation(t, hello.Listen); got != 1 {
			t.Errorf("got generation %d, want 1", got)
		}
		if got := l.generation(t, hello.Node, l.client); got != 1 {
			t.Errorf("node: got generation %d, want 1", got)
		}
	}
	stop()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the child after the end: got %v, want no such process", err)
	}
	if _, err := os.Stat(l.Admin); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("admin socket after the end: %v", err)
	}
	got, err := os.ReadFile(told)
	for _, want := range []string{"signal killed, 1, 1\n", "signal killed, 2, 1\n", "signal killed, 3, 1\n"} { // in any order
		if !strings.Contains(string(got), want) {
			t.Errorf("hook: got %q, %v, want %q in it", got, err, want)
		}
	}
}

// A child ends in many ways, now or in the middle of a reload, and another one takes its place.
func TestCrash(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	hello, _ := l.supervisor().supervise(t)
	for i, test := range []struct{ command, want string }{
		{"CRASH BY kill", "signal killed"},
		{"CRASH BY exit", "exit status 1"},
		{"CRASH BY abort", "exit status 2"}, // Go's runtime prints the stacks and exits
		{"CRASH BY panic", "exit status 2"},
		{"CRASH AT validated BY kill", "signal killed"},
	} {
		if strings.HasPrefix(test.command, "CRASH AT") {
			l.want(t, test.command, "OK")
			test.command = "RELOAD TLS"
		}
		if got, err := l.ask(test.command); err == nil {
			t.Errorf("%s: got %q, want no answer", test.command, got)
		}
		if got := l.restarted(t, i+1).LastExit; got != test.want {
			t.Errorf("%s: got %q, want %q", test.command, got, test.want)
		}
		l.generation(t, hello.Listen)
	}
}

// What a child starts with that takes the place of one that served generation 2, after a reload by command: that it is
// ever 1 is the defect of two designs.
func TestMemory(t *testing.T) {
	for _, test := range []struct {
		strategy string
		torn     bool
		want     uint64
	}{
		{reload.CommandBoot, false, 1},
		{reload.CommandUnchecked, false, 2},
		{reload.CommandUnchecked, true, 1},
		{reload.CommandCommitted, true, 2},
		{reload.Reference, true, 2},
	} {
		l := newLab(t, test.strategy)
		if test.strategy != reload.CommandBoot && test.strategy != reload.CommandUnchecked {
			l.Reload.State = filepath.Join(t.TempDir(), "state")
		}
		hello, stop := l.supervisor().supervise(t)
		l.rotate(t, l.authority, 2)
		if got, err := l.ask("RELOAD TLS"); !strings.HasPrefix(got, "OK generation 2 ") || err != nil {
			t.Fatalf("%s: RELOAD TLS: got %q, %v", test.strategy, got, err)
		}
		if test.torn {
			l.tear(t)
		}
		kill(t, hello.PID)
		l.restarted(t, 1)
		if got := l.generation(t, hello.Listen); got != test.want {
			t.Errorf("%s, torn %t: got generation %d, want %d", test.strategy, test.torn, got, test.want)
		}
		stop()
	}
}

func (l *lab) tear(t *testing.T) {
	t.Helper()
	if err := os.Truncate(l.Reload.Files.Certificate, 100); err != nil {
		t.Fatal(err)
	}
}

// While no child can serve a client waits, and is served when the files are good again.
func TestWait(t *testing.T) {
	l := newLab(t, reload.Static)
	hello, _ := l.supervisor().supervise(t)
	l.tear(t)
	kill(t, hello.PID)
	served := make(chan uint64)
	go func() {
		defer close(served)
		conn, err := l.dial(hello.Listen)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		served <- serial(conn)
	}()
	l.rotate(t, l.authority, 2)
	if got := <-served; got != 2 {
		t.Errorf("got generation %d, want 2", got)
	}
}

// A supervisor that is killed takes its child with it.
func TestOrphan(t *testing.T) {
	l := newLab(t, reload.Static)
	parent := exec.CommandContext(t.Context(), os.Args[0], "supervisor")
	parent.Stderr = os.Stderr
	in, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var hello Hello
	if err := errors.Join(json.NewEncoder(in).Encode(l.supervisor()), json.NewDecoder(out).Decode(&hello)); err != nil {
		t.Fatal(err)
	}
	held, err := l.dial(hello.Node, l.client)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	confirmed(t, held)
	parent.Process.Kill()
	parent.Wait()
	if _, err := held.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("held connection: got %v, want its end", err)
	}
	for limit := time.Now().Add(patient); ; runtime.Gosched() { // the socket lives a moment longer than the connection
		conn, err := l.dial(hello.Listen)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			conn.Close()
		}
		if time.Now().After(limit) {
			t.Fatalf("somebody still listens: %v", err)
		}
	}
}

// Where the kernel does not kill it, a child ends by itself, and in order.
func TestEndOfParent(t *testing.T) {
	l := newLab(t, reload.Static)
	open, err := l.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer open.close()
	w := watch{Supervisor: l.supervisor(), sockets: open}
	cmd := exec.CommandContext(t.Context(), w.Child[0], w.Child[1:]...)
	stdout, bequest, err := w.start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	var hello Hello
	if err := errors.Join(json.NewEncoder(bequest).Encode(legacy{Settings: l.Settings}), json.NewDecoder(stdout).Decode(&hello)); err != nil {
		t.Fatal(err)
	}
	bequest.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit status 0", err)
	}
}

func TestSupervisorNeedsFiles(t *testing.T) {
	l := newLab(t, reload.Static)
	os.Remove(l.Reload.Files.Key)
	if err := l.supervisor().Run(t.Context(), io.Discard, os.Stderr); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no such file", err)
	}
}

func TestPatience(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name   string
		life   time.Duration
		served bool
		want   []time.Duration // after each end
	}{
		{"long lives", time.Second, true, []time.Duration{0, 0, 0}},
		{"short lives", ms, true, []time.Duration{0, 10 * ms, 20 * ms, 40 * ms, 50 * ms, 50 * ms}},
		{"no service", ms, false, []time.Duration{0, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, time.Second, time.Second}},
	} {
		var p patience
		for i, want := range test.want {
			if got, err := p.after(test.life, test.served); got != want || err != nil {
				t.Errorf("%s, end %d: got %v, %v, want %v", test.name, i, got, err, want)
			}
		}
	}
}

func TestGiveUp(t *testing.T) {
	var p patience
	for i := range mostFailures {
		if _, err := p.after(0, false); err != nil {
			t.Fatalf("failure %d: %v", i, err)
		}
	}
	if _, err := p.after(0, false); !errors.Is(err, ErrGivenUp) {
		t.Errorf("got %v, want %v", err, ErrGivenUp)
	}
}

// A hook that does not end is ended, with what it started.
func TestHookTooLong(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a hook may")
	}
	err := runHook("sleep 1000 & wait", past{}, 0, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "it took too long") {
		t.Errorf("got %v", err)
	}
}
