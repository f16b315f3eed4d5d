package identity

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

const asServer = "IDENTITY_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) == "" {
		os.Exit(m.Run())
	}
	if err := server.Control(context.Background(), os.Stdin, os.Stdout, map[string]server.App{"spiffegrpc": spiffegrpc.App{}}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bench has a short path: sockets must not be longer than some hundred bytes.
func bench(t *testing.T) experiment.Bench {
	t.Helper()
	dir, err := os.MkdirTemp("", "id")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return experiment.Bench{Dir: dir, Seed: 1, Speak: func(line string) { t.Log(line) }}
}

// outcome is what an experiment has come to, in full or in a short form.
func outcome(t *testing.T, run func(context.Context, experiment.Bench) ([]experiment.Arm, error)) *experiment.Result {
	t.Helper()
	arms, err := run(t.Context(), bench(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range arms {
		t.Log(a.Name, a.Notes)
		for _, m := range a.Measures {
			t.Logf("    %s %g %s of %d", m.Name, m.Value, m.Unit, m.Of)
		}
	}
	return &experiment.Result{Arms: arms}
}

// measure finds a measure, or ends the test.
func measure(t *testing.T, r *experiment.Result, arm, name string) experiment.Measure {
	t.Helper()
	a, ok := r.Arm(arm)
	if !ok {
		t.Fatalf("no arm %s", arm)
	}
	m, ok := a.Measure(name)
	if !ok {
		t.Fatalf("%s: no measure %s: %v", arm, name, a.Notes)
	}
	return m
}

// exactly checks a measure that has no noise.
func exactly(t *testing.T, r *experiment.Result, arm, name string, want float64) {
	t.Helper()
	if m := measure(t, r, arm, name); m.Value != want {
		t.Errorf("%s: %s: got %g, want %g", arm, name, m.Value, want)
	}
}

// some checks that a measure is above zero.
func some(t *testing.T, r *experiment.Result, arm, name string) {
	t.Helper()
	if m := measure(t, r, arm, name); m.Value <= 0 {
		t.Errorf("%s: %s: got %g, want more than 0", arm, name, m.Value)
	}
}

// none checks that a measure has been left out.
func none(t *testing.T, r *experiment.Result, arm, name string) {
	t.Helper()
	if a, _ := r.Arm(arm); a.Name == arm {
		if m, ok := a.Measure(name); ok {
			t.Errorf("%s: %s: got %g, want none", arm, name, m.Value)
		}
	}
}

var campaign = flag.String("campaign", "", "experiment to carry out in full, or all")

// TestCampaign prints what the experiments come to in full: go test -run Campaign -campaign push -v
func TestCampaign(t *testing.T) {
	for _, e := range All() {
		if e.Name == *campaign || *campaign == "all" {
			t.Run(e.Name, func(t *testing.T) {
				began := time.Now()
				outcome(t, e.Run)
				t.Logf("took %v, said to take %v", time.Since(began).Round(time.Second), e.Takes)
			})
		}
	}
}

func TestAll(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range All() {
		if e.Name == "" || e.Title == "" || e.Doc == "" || e.Takes <= 0 || e.Run == nil || seen[e.Name] {
			t.Errorf("%q is not ready to be asked", e.Name)
		}
		seen[e.Name] = true
	}
}

// An experiment that is cancelled ends soon and leaves nothing behind.
func TestCancelled(t *testing.T) {
	for _, e := range All() {
		t.Run(e.Name, func(t *testing.T) {
			before := tread(t.Context())
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			e.Run(ctx, bench(t))
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("ended after %v", took)
			}
			after := tread(t.Context())
			if after.goroutines > before.goroutines || after.descriptors > before.descriptors {
				t.Errorf("got %+v, want at most %+v", after, before)
			}
		})
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	p := pushing{ttl: time.Second, halves: 4, bystanders: 3, callers: 2, thinking: time.Millisecond}
	r := outcome(t, p.run)
	some(t, r, "agent", "rotations")
	some(t, r, "agent", "rpcs")
	exactly(t, r, "agent", "failed_rpcs", 0)
	exactly(t, r, "agent", "failed_handshakes", 0)
	if m := measure(t, r, "agent", "push_max"); m.Value > 1 {
		t.Errorf("push_max: got %g s", m.Value)
	}
	if m := measure(t, r, "agent", "spread"); m.Value < 0 || m.Value > 1 {
		t.Errorf("spread: got %g", m.Value)
	}
}

func TestResumption(t *testing.T) {
	t.Parallel()
	c := resuming{ttl: time.Second, rounds: 2, costs: 3, every: 20 * time.Millisecond}
	r := outcome(t, c.run)
	some(t, r, "default", "stale_accepts_bundle")
	some(t, r, "default", "stale_accepts_policy")
	some(t, r, "default", "last_stale")
	for _, arm := range []string{"off", "recheck", "epoch"} {
		some(t, r, arm, "attempts")
		exactly(t, r, arm, "stale_accepts", 0)
		none(t, r, arm, "last_stale")
	}
	exactly(t, r, "off", "resumed", 0)
	none(t, r, "off", "resumed_cpu")
	for _, arm := range []string{"default", "recheck", "epoch"} {
		some(t, r, arm, "resumed")
		some(t, r, arm, "resumed_cpu")
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	l := living{ttl: time.Second, lasts: 3 * time.Second, callers: 1, thinking: 2 * time.Millisecond}
	for _, e := range l.endings() {
		if e.name != "no-limit" && e.name != "expiry" {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			a := experiment.Arm{Name: e.name}
			r := outcome(t, func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
				err := l.arm(ctx, b, e.settings, &a)
				return []experiment.Arm{a}, err
			})
			exactly(t, r, e.name, "failed_rpcs", 0)
			some(t, r, e.name, "age_live_max")
			if e.name == "expiry" {
				exactly(t, r, e.name, "expired_rpcs", 0)
				some(t, r, e.name, "reconnects")
				return
			}
			some(t, r, e.name, "expired_rpcs")
			exactly(t, r, e.name, "reconnects", 0)
		})
	}
}

func TestKeepalive(t *testing.T) {
	t.Parallel()
	k := keeping{pauses: []time.Duration{0, time.Second}, idle: 100 * time.Millisecond, grace: 300 * time.Millisecond}
	r := outcome(t, k.run)
	exactly(t, r, "off", "idle_pings", 0)
	none(t, r, "off", "detected_after")
	some(t, r, "1s", "idle_pings")
	some(t, r, "1s", "detected_after")
}

func TestOutage(t *testing.T) {
	m := missing{ttl: time.Second, every: 20 * time.Millisecond, most: 30 * time.Second}
	quick := &spiffe.Backoff{First: 20 * time.Millisecond, Most: 200 * time.Millisecond, Jitter: 0.2}
	r := outcome(t, func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
		a := experiment.Arm{Name: "quick"}
		err := m.arm(ctx, b, 2200*time.Millisecond, quick, &a)
		return []experiment.Arm{a}, err
	})
	some(t, r, "quick", "recovery")
	some(t, r, "quick", "failed_handshakes")
	exactly(t, r, "quick", "expired_served", 1)
	exactly(t, r, "quick", "ready_before_expiry", 1)
	exactly(t, r, "quick", "leaked_goroutines", 0)
}

func TestStart(t *testing.T) {
	t.Parallel()
	outside, err := found(bench(t), workloads(time.Hour)...)
	if err != nil {
		t.Fatal(err)
	}
	defer outside.agent.Stop()
	r := outcome(t, func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
		b.Agent = outside.agent.Address()
		return starting{most: time.Second}.run(ctx, b)
	})
	some(t, r, "external", "ready_after")
	exactly(t, r, "external", "served", 1)
	for _, arm := range []string{"no-agent", "denied", "empty"} {
		some(t, r, arm, "refused_after")
		exactly(t, r, arm, "served", 0)
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	k := breaking{ttl: 2 * time.Second, normal: 600 * time.Millisecond, intruded: 700 * time.Millisecond, overlap: 200 * time.Millisecond, thinking: 5 * time.Millisecond}
	r := outcome(t, k.run)
	for _, arm := range []string{"off", "on", "on-replaced"} {
		exactly(t, r, arm, "false_positives", 0)
	}
	none(t, r, "off", "isolated_after")
	for _, arm := range []string{"on", "on-replaced"} {
		some(t, r, arm, "isolated_after")
		exactly(t, r, arm, "calls_after_isolation", 0)
	}
}

// The test's own program is the server: a script that becomes it has no environment but the one word.
func TestSocketRule(t *testing.T) {
	t.Parallel()
	if !peersKnown {
		t.Skip("the system does not tell who opens a socket")
	}
	b := bench(t)
	b.Server = func(context.Context, string) (string, error) {
		own, err := os.Executable()
		if err != nil {
			return "", err
		}
		script := filepath.Join(b.Dir, "server")
		return script, os.WriteFile(script, []byte("#!/bin/sh\n"+asServer+"=1 exec '"+own+"'\n"), 0o700)
	}
	a, err := socketRule(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	r := &experiment.Result{Arms: []experiment.Arm{a}}
	exactly(t, r, "socket-rule", "false_positives", honest)
	if m := measure(t, r, "socket-rule", "false_positives"); m.Of != honest {
		t.Errorf("got %d processes, want %d", m.Of, honest)
	}
}

func TestStorm(t *testing.T) {
	s := storming{warmUp: 50, rotations: 200, each: 10, outages: 10, most: 10 * time.Second}
	r := outcome(t, s.run)
	for arm, count := range map[string]float64{"rotations": 200, "outages": 10} {
		exactly(t, r, arm, "count", count)
		exactly(t, r, arm, "failed", 0)
		if before, after := measure(t, r, arm, "goroutines_before"), measure(t, r, arm, "goroutines_after"); after.Value > before.Value+2 {
			t.Errorf("%s: goroutines: got %g, want %g", arm, after.Value, before.Value)
		}
	}
}
