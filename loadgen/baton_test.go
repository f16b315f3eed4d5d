package loadgen

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// startInTurns starts two generators that pass a baton; the first has the first turn.
func startInTurns(t *testing.T, jobs [2]Job) (g [2]*generator) {
	t.Helper()
	var in, out [2]*os.File // of the pipe to generator i
	for i := range 2 {
		var err error
		if in[i], out[i], err = os.Pipe(); err != nil {
			t.Fatal(err)
		}
		defer in[i].Close()
		defer out[i].Close()
	}
	for i := range 2 {
		jobs[i].Turns = &Turns{Slice: 10 * time.Millisecond, First: i == 0}
		g[i] = startGenerator(t, jobs[i], in[i], out[1-i])
	}
	return g
}

func TestServeInTurns(t *testing.T) {
	var jobs [2]Job
	for i, length := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond} {
		jobs[i] = serve(t, nil).job(handshake.Spec{Group: handshake.X25519}, 2, 0)
		jobs[i].Load = inTurns(length, 2)
		jobs[i].Warmup = 10 * time.Millisecond
	}
	g := startInTurns(t, jobs)
	for _, g := range g {
		g.awaitReady(t)
	}
	began := time.Now()
	io.WriteString(g[1].stdin, "go\n") // it has to wait for its turn
	r := [2]Result{0: g[0].run(t)}
	r[1] = g[1].result(t)
	took := time.Since(began)
	for i := range r {
		checkBooks(t, r[i])
		if r[i].Wall < jobs[i].Load.Length || r[i].Ledger.Confirmed == 0 || r[i].Ledger.Confirmed != r[i].Ledger.Began {
			t.Errorf("generator %d: got %+v in %v, want all confirmed in at least %v", i, r[i].Ledger, r[i].Wall, jobs[i].Load.Length)
		}
	}
	if sum := r[0].Wall + r[1].Wall; took < sum {
		t.Errorf("took %v, less than the turns of both, %v: they overlapped", took, sum)
	}
}

// The end of the input ends a generator that waits for its turn, and the other one goes on without it.
func TestServeInTurnsWithoutParent(t *testing.T) {
	var jobs [2]Job
	for i := range jobs {
		jobs[i] = serve(t, nil).job(handshake.Spec{Group: handshake.X25519}, 2, 0)
		jobs[i].Load = inTurns(50*time.Millisecond, 2)
	}
	g := startInTurns(t, jobs)
	for _, g := range g {
		g.awaitReady(t)
	}
	io.WriteString(g[1].stdin, "go\n")
	g[1].stdin.Close()
	rest, _ := io.ReadAll(g[1].stdout)
	if err := g[1].wait(); err == nil || len(rest) > 0 || !strings.Contains(g[1].stderr.String(), ErrParentGone.Error()) {
		t.Errorf("got %v, %q, wrote %q, want %q", err, g[1].stderr, rest, ErrParentGone)
	}
	if r := g[0].run(t); r.Wall < jobs[0].Load.Length || r.Ledger.Confirmed == 0 {
		t.Errorf("the one left got %+v in %v", r.Ledger, r.Wall)
	}
}

func TestServeWithoutBaton(t *testing.T) {
	job := serve(t, nil).job(handshake.Spec{}, 1, 0)
	job.Load, job.Turns = inTurns(time.Second, 1), &Turns{Slice: time.Millisecond}
	g := startGenerator(t, job)
	g.awaitReady(t)
	io.WriteString(g.stdin, "go\n")
	if err := g.wait(); err == nil || !strings.Contains(g.stderr.String(), "descriptor 3 must be a pipe") {
		t.Errorf("got %v, %q", err, g.stderr)
	}
	g.stdin.Close()
}
