package variant

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The smallest server that the builder can build and the gate can judge: it speaks the protocol up to the hello, and
// links enough crypto to carry the backend's symbol.
var tree = map[string]string{
	"go.mod": "module " + modulePath + "\n\ngo 1.26.0\n",
	"cmd/tlslab-server/main.go": `package main

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var settings map[string]any
	if in.Decode(&settings) != nil {
		return
	}
	build := map[string]string{}
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		build[s.Key] = s.Value
	}
	sum := []byte{}
	if !fips140.Enabled() {
		sum = sha1.New().Sum(nil) // carries the symbol
	}
	out.Encode(map[string]any{"hello": map[string]any{
		"address": string(sum[:0]), "pid": os.Getpid(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		"build": build, "godebug": os.Getenv("GODEBUG"), "gomaxprocs": runtime.GOMAXPROCS(0),
		"fips140": fips140.Enabled(), "fips_module": fips140.Version(), "boring": boringEnabled(),
	}})
	for in.Decode(&settings) == nil {
		out.Encode(map[string]any{})
		if settings["do"] == "stop" {
			return
		}
	}
}
`,
	"cmd/tlslab-server/boring.go": `//go:build boringcrypto

package main

import "crypto/boring"

func boringEnabled() bool { return boring.Enabled() }
`,
	"cmd/tlslab-server/std.go": `//go:build !boringcrypto

package main

func boringEnabled() bool { return false }
`,
}

// plant writes files below a new directory.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// with is the tree with one file more, or another text in one.
func with(name, text string) map[string]string {
	files := map[string]string{name: text}
	for n, t := range tree {
		if n != name {
			files[n] = t
		}
	}
	return files
}

// repository makes a git repository of a directory, with one commit, and returns the commit's id.
func repository(t *testing.T, dir string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git: ", err)
	}
	git(t, dir, "init", "-q")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "server")
	return git(t, dir, "rev-parse", "HEAD")
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// proxy is a module proxy, in files, that has the tree as one version.
func proxy(t *testing.T, version string) string {
	t.Helper()
	base := modulePath + "/@v/"
	dir := plant(t, map[string]string{
		base + "list":            version + "\n",
		base + version + ".info": `{"Version":"` + version + `","Time":"2026-01-02T03:04:05Z"}`,
		base + version + ".mod":  tree["go.mod"],
		modulePath + "/@latest":  `{"Version":"` + version + `","Time":"2026-01-02T03:04:05Z"}`,
	})
	f, err := os.Create(filepath.Join(dir, base+version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	archive := zip.NewWriter(f)
	for name, text := range tree {
		w, err := archive.Create(modulePath + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}
