package loadgen

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

var dialers = map[string]Opener{"stock": OpenStock}

const childVariable = "TLSLAB_TEST_GENERATOR"

// TestMain makes the test binary a generator process for the tests that need one.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := Serve(context.Background(), os.Stdin, os.Stdout, dialers); err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

// generator is a generator process and its pipes.
type generator struct {
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *strings.Builder
	wait   func() error
}

func startGenerator(t *testing.T, job Job, inherited ...*os.File) *generator {
	t.Helper()
	g := &generator{stderr: &strings.Builder{}}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stderr = g.stderr
	cmd.ExtraFiles = inherited
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
	g.stdin, g.stdout, g.wait = stdin, bufio.NewReader(stdout), cmd.Wait
	if err := json.NewEncoder(stdin).Encode(job); err != nil {
		t.Fatal(err)
	}
	return g
}

// awaitReady reads the line that says that the generator is warm.
func (g *generator) awaitReady(t *testing.T) {
	t.Helper()
	line, err := g.stdout.ReadString('\n')
	if err != nil || line != "{\"ready\":true}\n" {
		t.Fatalf("got %q, %v, want ready; stderr: %s", line, err, g.stderr)
	}
}

// run starts the measured stretch and reads its result.
func (g *generator) run(t *testing.T) (r Result) {
	t.Helper()
	if _, err := io.WriteString(g.stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	return g.result(t)
}

// result reads the result of a measured stretch that was started before.
func (g *generator) result(t *testing.T) (r Result) {
	t.Helper()
	if err := json.NewDecoder(g.stdout).Decode(&r); err != nil {
		t.Fatalf("result: %v; stderr: %s", err, g.stderr)
	}
	if err := g.wait(); err != nil {
		t.Fatalf("generator: %v; stderr: %s", err, g.stderr)
	}
	return r
}

func TestServe(t *testing.T) {
	server := serve(t, nil)
	job := server.job(handshake.Spec{Kind: handshake.Resumed, Group: handshake.P256}, 3, 50)
	job.Warmup = 20 * time.Millisecond
	g := startGenerator(t, job)
	g.awaitReady(t)
	r := g.run(t)
	checkBooks(t, r)
	if r.Ledger.Confirmed != 50 || r.Ledger.Shape.Resumed != 50 || r.Ledger.Mismatched != 0 {
		t.Errorf("got %+v, want 50 resumed", r.Ledger)
	}
	if r.Wall <= 0 || r.CPU.Total() <= 0 || r.Handshake.Min() <= 0 {
		t.Errorf("got wall %v, CPU %v, least handshake time %d", r.Wall, r.CPU, r.Handshake.Min())
	}
	if ledger, _ := server.closed(); ledger.Completed < 50+6 || ledger.Rejected != 0 {
		t.Errorf("the server completed %d, rejected %d", ledger.Completed, ledger.Rejected)
	}
}

// The end of the input ends a generator in every state, without a result.
func TestServeWithoutParent(t *testing.T) {
	endless := Load{Loop: Closed, Workers: 2, Length: time.Hour}
	asleep := Load{Loop: Open, Process: Constant, Workers: 2, Phases: []Phase{{Length: time.Hour, Rate: 1e-3}}}
	for _, tc := range []struct {
		name   string
		load   Load
		warmup time.Duration
		after  func(*testing.T, *generator)
	}{
		{"while warming up", endless, time.Hour, func(*testing.T, *generator) {}},
		{"when ready", endless, 0, func(t *testing.T, g *generator) { g.awaitReady(t) }},
		{"in a closed loop", endless, 0, func(t *testing.T, g *generator) { g.awaitReady(t); io.WriteString(g.stdin, "go\n") }},
		{"in an open loop", asleep, 0, func(t *testing.T, g *generator) { g.awaitReady(t); io.WriteString(g.stdin, "go\n") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := serve(t, nil)
			job := server.job(handshake.Spec{}, 2, 0)
			job.Load, job.Warmup = tc.load, tc.warmup
			g := startGenerator(t, job)
			tc.after(t, g)
			began := time.Now()
			g.stdin.Close()
			rest, _ := io.ReadAll(g.stdout)
			if err := g.wait(); err == nil || !strings.Contains(g.stderr.String(), ErrParentGone.Error()) {
				t.Errorf("got %v, %q, want %q", err, g.stderr, ErrParentGone)
			}
			if took := time.Since(began); len(rest) > 0 || took > 3*time.Second {
				t.Errorf("wrote %q, ended after %v", rest, took)
			}
		})
	}
}

func TestServeRefuses(t *testing.T) {
	server := serve(t, nil)
	line := func(change func(*Job)) string {
		job := server.job(handshake.Spec{}, 1, 1)
		change(&job)
		text, err := json.Marshal(job)
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + "\n"
	}
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", ErrParentGone.Error()},
		{"no JSON", "hello\n", "job: "},
		{"unknown key", `{"colour":"red"}` + "\n", "colour"},
		{"bad load", line(func(j *Job) { j.Load.Workers = 0 }), "0 workers"},
		{"turns by number", line(func(j *Job) { j.Turns = &Turns{Slice: 1} }), "job: turns: a closed loop that takes turns has a length"},
		{"bad job", line(func(j *Job) { j.Roots = nil }), "no certificate authority"},
		{"other word", line(func(*Job) {}) + "stop\n", `got the line "stop", want go`},
	} {
		stdin, feed := io.Pipe()
		go func() {
			io.WriteString(feed, tc.in)
			if tc.in == "" {
				feed.Close()
			}
		}()
		err := Serve(t.Context(), stdin, io.Discard, dialers)
		stdin.Close()
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestServeUnreachable(t *testing.T) {
	server := serve(t, nil)
	server.closed()
	job := server.job(handshake.Spec{}, 2, 10000)
	job.Warmup = time.Hour
	g := startGenerator(t, job)
	if err := g.wait(); err == nil || !strings.Contains(g.stderr.String(), "warm-up: server is unreachable") {
		t.Errorf("got %v, %q", err, g.stderr)
	}
	g.stdin.Close()
}

func TestServeHangingServer(t *testing.T) {
	server := hang(t)
	for _, tc := range []struct {
		name   string
		kind   handshake.Kind
		warmup time.Duration
		want   string
	}{
		{"tickets", handshake.Resumed, 0, "warm-up: server does not answer: 6 handshakes in a row timed out"},
		{"short warm-up", handshake.Full, time.Millisecond, "warm-up: server does not answer: "},
		{"long warm-up", handshake.Full, time.Hour, "warm-up: server does not answer: 16 handshakes in a row timed out"},
		{"no warm-up", handshake.Full, 0, "server does not answer: 16 handshakes in a row timed out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			job := server.job(handshake.Spec{Kind: tc.kind}, 3, 1000)
			job.Warmup, job.Timeout = tc.warmup, 20*time.Millisecond
			text, err := json.Marshal(job)
			if err != nil {
				t.Fatal(err)
			}
			stdin, feed := io.Pipe()
			defer stdin.Close()
			go io.WriteString(feed, string(text)+"\ngo\n")
			if err := Serve(t.Context(), stdin, io.Discard, dialers); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func FuzzJob(f *testing.F) {
	f.Add([]byte(`{"target":"127.0.0.1:1","spec":{"kind":"full","group":"P-384"},"load":{"loop":"closed","workers":1,"handshakes":1}}`))
	f.Add([]byte(`{"load":{"loop":"open","workers":1,"process":"poisson","phases":[{"length_ns":5,"rate_per_second":1e9}]}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		lines := make(chan []byte, 1)
		lines <- line
		job, err := readJob(t.Context(), lines)
		if err != nil {
			return
		}
		if err := job.Load.Check(); err != nil {
			t.Fatalf("accepted a job whose load is wrong: %v", err)
		}
		if job.Turns != nil && (job.Load.Loop == Closed && job.Load.Length <= 0 || job.Turns.Slice <= 0) {
			t.Fatalf("accepted turns that cannot be taken: %+v", job)
		}
	})
}
