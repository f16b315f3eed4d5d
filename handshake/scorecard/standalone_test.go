package scorecard

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tlslab/tlslab/handshake/reload"
)

// build builds the lab's own server.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "tlslab-server")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/tlslab/tlslab/cmd/tlslab-server").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// TestCrashes: the published designs go back to what they served at boot; the reference never does.
func TestCrashes(t *testing.T) {
	bin := build(t)
	for _, tc := range []struct {
		strategy, point, files string
		want                   []string
	}{
		{reload.CommandBoot, "before-write", "good", []string{"served generation 1 after 2"}},
		{reload.CommandUnchecked, "before-write", "good", nil},
		{reload.CommandUnchecked, "after-cert", "good", []string{"served generation 1 after 2"}},
		{reload.CommandUnchecked, "after-key", "expired", []string{"served a certificate outside of its dates"}},
		{reload.CommandCommitted, "during-reload", "good", nil},
		{reload.Reference, "after-cert", "missing", nil},
		{reload.Reference, "after-rename", "torn", nil},
		{reload.Reference, "before-journal", "good", nil},
	} {
		t.Run(tc.strategy+"/"+tc.point+"/"+tc.files, func(t *testing.T) {
			n := slices.IndexFunc(crashPoints, func(p crashPoint) bool { return p.name == tc.point })
			r := &runner{Options: Options{Dir: t.TempDir()}}
			target := Standalone(bin, tc.strategy, reload.Settings{Strategy: tc.strategy})
			got, err := r.crash(t.Context(), target, crashPoints[n], Crash{Point: tc.point, How: "kill", Files: tc.files})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Defects, tc.want) || got.Restarts != 1 && got.After != 0 {
				t.Errorf("got defects %q after %d restarts, want %q after 1: %+v", got.Defects, got.Restarts, tc.want, got)
			}
		})
	}
}
