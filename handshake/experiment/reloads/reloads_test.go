package reloads

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/reload"
)

var whole = flag.Bool("whole", false, "carry out the experiments as a scenario does, and print what they come to")

func bench(t *testing.T) experiment.Bench {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "tlslab-server")
	return experiment.Bench{
		Dir: t.TempDir(), Seed: 1, Speak: func(string) {},
		Server: func(ctx context.Context, app string) (string, error) {
			out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "github.com/tlslab/tlslab/cmd/tlslab-server").CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", app, err, out)
			}
			return bin, err
		},
	}
}

// TestRun: what is served at all, and how far a crash sets a server back, does not depend on how fast the machine is.
func TestRun(t *testing.T) {
	arms, err := run(t.Context(), bench(t), []string{reload.PollShipped, reload.CommandBoot, reload.Reference}, []string{"rename", "older-mtime"})
	if err != nil {
		t.Fatal(err)
	}
	absent := -1.0
	for i, want := range []struct {
		name         string
		role         experiment.Role
		older, crash float64
	}{
		{reload.PollShipped, experiment.Published, 0, absent},
		{reload.CommandBoot, experiment.Published, 1, 1},
		{reload.Reference, experiment.Reference, 1, 0},
	} {
		arm := arms[i]
		if arm.Name != want.name || arm.Role != want.role || arm.Doc == "" {
			t.Errorf("got arm %s (%s) %q, want %s (%s) and what it is", arm.Name, arm.Role, arm.Doc, want.name, want.role)
		}
		got := map[string]float64{"back_after_crash": absent, "rename_after": absent}
		for _, m := range arm.Measures {
			got[m.Name] = m.Value
		}
		if got["older_mtime_adopted"] != want.older || got["back_after_crash"] != want.crash || got["rename_after"] < 0 || got["failed_handshakes"] != 0 {
			t.Errorf("%s: got %v, want older files adopted %g, %g generations lost, no failure; notes %q", arm.Name, got, want.older, want.crash, arm.Notes)
		}
	}
}

// TestCancelled: the experiment ends when it is told to, and leaves nothing.
func TestCancelled(t *testing.T) {
	b := bench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.Speak = func(string) { cancel() }
	if _, err := run(ctx, b, []string{reload.Static}, []string{"rename"}); ctx.Err() == nil || err == nil {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if left, _ := os.ReadDir(b.Dir); len(left) > 0 {
		t.Errorf("got %v left behind, want nothing", left)
	}
}

// TestAll: every strategy has a sentence, and every injection is one of the catalogue.
func TestAll(t *testing.T) {
	for _, e := range All() {
		if e.Name == "" || e.Title == "" || e.Doc == "" || e.Takes == 0 {
			t.Errorf("got %+v, want a name, a title, a sentence and a time", e)
		}
	}
	for _, name := range reload.Names() {
		if doc(name) == "" {
			t.Errorf("%s: got no sentence", name)
		}
	}
}

// TestWhole takes minutes. It prints figures, and none of them fails it.
func TestWhole(t *testing.T) {
	if !*whole {
		t.Skip("takes minutes: -whole")
	}
	for _, e := range All() {
		arms, err := e.Run(t.Context(), bench(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range arms {
			t.Logf("%s %s: %+v %q", e.Name, a.Name, a.Measures, a.Notes)
		}
	}
}
