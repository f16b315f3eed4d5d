package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tlslab": main})
}

// TestScripts runs the command as users do: one topic a file in testdata. $REPO is this checkout, where the servers
// are built from.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(t)...)
			return nil
		},
	})
}

// environment is what go build needs, with the lab's cache shared between tests.
func environment(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	return []string{
		"GOCACHE=" + lines[0],
		"GOMODCACHE=" + lines[1],
		"REPO=" + filepath.Dir(lines[2]),
		"TLSLAB_CACHE=" + filepath.Join(os.TempDir(), "tlslab-test-cache"),
		"GOFLAGS=" + os.Getenv("GOFLAGS"),
	}
}
