//go:build amd64 || arm64

package ebpf

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

func serverBinary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "ebpf")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "server")
		if out, err := exec.Command("go", "build", "-o", built.path, "./testdata/server").CombinedOutput(); err != nil {
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

func TestTry(t *testing.T) {
	s := start(t, nil)
	began := time.Now()
	o := watch(t, Options{PID: s.pid, Layers: everything})
	t.Log("attach", time.Since(began))
	load(t, s.address, 4, 250, 0)
	began = time.Now()
	a := stop(t, o)
	t.Log("detach", time.Since(began))
	t.Log(s.end(t))
	show(t, a)
}

func show(t testing.TB, a *account.Account) {
	var sum account.Times
	var wall time.Duration
	var residuals []float64
	for _, h := range a.Handshakes {
		sum.Add(h.Time)
		wall += h.Wall()
		residuals = append(residuals, float64(h.Residual())/float64(h.Wall()))
	}
	slices.Sort(residuals)
	n := len(residuals)
	t.Logf("tier %s, %d handshakes, %d unfinished, length %v, gaps %+v", a.Tier, n, a.Unfinished, a.Length, a.Gaps)
	if n > 0 {
		t.Logf("residual min %g p50 %g p99 %g max %g", residuals[0], residuals[n/2], residuals[n*99/100], residuals[n-1])
		for c, d := range sum {
			t.Logf("class %d: %v", c, d/time.Duration(n))
		}
		t.Logf("wall %v", wall/time.Duration(n))
		for p := range a.Phases {
			var times account.Times
			for _, h := range a.Handshakes {
				times.Add(h.Phases[p])
			}
			for c := range times {
				times[c] /= time.Duration(n)
			}
			t.Logf("%s %v", a.Phases[p], times)
		}
		t.Logf("%+v", a.Handshakes[n-1])
	}
	b := a.Books
	t.Log("BEGAN", a.Began); t.Logf("%+v cpu %.4f queue %.4f", b, float64(b.OnCPU)/float64(b.SchedstatCPU), float64(b.RunQueue)/float64(b.SchedstatRunDelay))
	for _, c := range a.Syscalls {
		t.Logf("%s %d again %d errors %d p50 %v p99 %v times %v", c.Name, c.Count, c.Again, c.Errors, time.Duration(c.Latency.Quantile(.5)), time.Duration(c.Latency.Quantile(.99)), c.Time[:4])
	}
	t.Logf("accept wait %d p50 %v", a.AcceptWait.Count(), time.Duration(a.AcceptWait.Quantile(.5)))
	t.Log(a.Files, a.Preemptors)
	for _, w := range a.Windows {
		t.Log(w.At, w.Length, w.Threads, w.Others, len(w.Syscalls), w.Files)
	}
	for _, p := range a.Probes {
		t.Logf("%+v", p)
	}
}

var _ = context.Background
