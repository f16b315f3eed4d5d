package edge

import (
	"context"
	"errors"
	"flag"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

var whole = flag.Bool("whole", false, "carry out the experiments as a scenario does, and print what they come to")

func bench(t *testing.T) experiment.Bench {
	t.Helper()
	return experiment.Bench{
		Dir: t.TempDir(), Seed: 1, Speak: func(string) {},
		Server: func(context.Context, string) (string, error) { return "", errors.New("no server is built here") },
	}
}

// measured finds a measure that must be there.
func measured(t *testing.T, arms []experiment.Arm, arm, name string) experiment.Measure {
	t.Helper()
	i := slices.IndexFunc(arms, func(a experiment.Arm) bool { return a.Name == arm })
	if i < 0 {
		t.Fatalf("got no arm %s", arm)
	}
	m, ok := arms[i].Measure(name)
	if !ok {
		t.Fatalf("%s: got no measure %s: %+v %q", arm, name, arms[i].Measures, arms[i].Notes)
	}
	return m
}

// settles checks that no more goroutines run than before, a while after an experiment: some are still on their way out.
func settles(t *testing.T, before int) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for runtime.NumGoroutine() > before {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-limit:
			stacks := make([]byte, 1<<20)
			t.Fatalf("got %d goroutines, want %d as before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestAll(t *testing.T) {
	names := map[string]bool{}
	for _, e := range All() {
		if names[e.Name] || e.Name == "" || e.Title == "" || e.Doc == "" || e.Takes == 0 || e.Run == nil {
			t.Errorf("got %+v, want a name of its own, a title, a text and a time", e)
		}
		names[e.Name] = true
	}
}

// TestCancelled: whatever is cancelled ends, with an error.
func TestCancelled(t *testing.T) {
	for _, e := range All() {
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := e.Run(ctx, bench(t)); err == nil {
			t.Errorf("%s: got no error", e.Name)
		}
		settles(t, before)
	}
}

// TestWhole takes minutes. It prints figures, and none of them fails it.
func TestWhole(t *testing.T) {
	if !*whole {
		t.Skip("takes minutes: -whole")
	}
	for _, e := range All() {
		began, before := time.Now(), runtime.NumGoroutine()
		arms, err := e.Run(t.Context(), bench(t))
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		t.Logf("%s took %v", e.Name, time.Since(began))
		for _, a := range arms {
			t.Logf("%s %s %q", e.Name, a.Name, a.Notes)
			for _, m := range a.Measures {
				if m.Low != nil {
					t.Logf("    %s = %g [%g, %g] %s of %d", m.Name, m.Value, *m.Low, *m.High, m.Unit, m.Of)
				} else {
					t.Logf("    %s = %g %s of %d", m.Name, m.Value, m.Unit, m.Of)
				}
			}
		}
		settles(t, before)
	}
}
