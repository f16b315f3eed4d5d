package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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
		Condition: func(name string) (bool, error) {
			if name != "valgrind" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			_, err := exec.LookPath("valgrind")
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "throwaway": throwaway},
	})
}

// exits CODE[,CODE] COMMAND...: the command ends with that exit code, or one of them.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ...")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// throwaway DIR: a git repository of its own, with this checkout's files as its first commit.
func throwaway(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: throwaway DIR")
	}
	script := `set -e
mkdir -p "$2"
cd "$1"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done | tar --null -T - -cf - | tar -xf - -C "$2"
cd "$2"
git init -q -b main
git config user.name tester
git config user.email tester@example.test
git add -A
git commit -q -m base
`
	ts.Check(ts.Exec("bash", "-c", script, "throwaway", ts.Getenv("REPO"), ts.MkAbs(args[0])))
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
