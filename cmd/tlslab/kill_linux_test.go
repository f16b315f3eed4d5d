package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results"
)

const patience = 30 * time.Second

// endless is a scenario whose first block outlasts the test.
const endless = `
version: 1
name: endless
variants: [{name: std}]
cells: {group: X25519}
load: {loop: closed, workers: 1, length: 60s}
blocks: {groups: 1, warmup: 10ms}
`

// victim is a lab in the middle of a block.
type victim struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	told   chan struct{} // closed when stderr ends
	dir    string
}

func startLab(t *testing.T, scenario string) *victim {
	t.Helper()
	env := environment(t)
	work := t.TempDir()
	file := filepath.Join(work, "scenario.yaml")
	if err := os.WriteFile(file, []byte(scenario), 0o644); err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, dir: filepath.Join(work, "out"), told: make(chan struct{})}
	v.cmd = exec.Command("tlslab", "run", file, "-o", v.dir)
	v.cmd.Env = append(os.Environ(), env...)
	v.cmd.Dir = checkout(env)
	stderr, err := v.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.cmd.Process.Kill(); <-v.told; v.cmd.Wait() })
	began := make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	go func() {
		defer close(v.told)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			fmt.Fprintln(&v.stderr, lines.Text())
			if strings.Contains(lines.Text(), "block 1 of ") {
				begin()
			}
		}
	}()
	select {
	case <-began:
	case <-v.told:
		t.Fatalf("the lab ended before its first block: %s", &v.stderr)
	}
	return v
}

func checkout(env []string) string {
	for _, e := range env {
		if dir, is := strings.CutPrefix(e, "REPO="); is {
			return dir
		}
	}
	return ""
}

// until polls a condition.
func (v *victim) until(what string, met func() bool) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !met() {
		select {
		case <-ctx.Done():
			v.t.Fatalf("waited %v for %s", patience, what)
		case <-ticker.C:
		}
	}
}

// children waits for the server and the generator of the block.
func (v *victim) children() (server, generator int) {
	v.t.Helper()
	v.until("both children", func() bool {
		server, generator = 0, 0
		for _, pid := range childrenOf(v.cmd.Process.Pid) {
			switch line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); {
			case bytes.Contains(line, []byte("tlslab-server")):
				server = pid
			case bytes.HasSuffix(line, []byte("\x00generate\x00")):
				generator = pid
			}
		}
		return server != 0 && generator != 0
	})
	return server, generator
}

func childrenOf(parent int) (pids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// gone: no such process, or one that is dead and only waits to be collected.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(after, "Z") || strings.HasPrefix(after, "X")
}

func (v *victim) exit() int {
	<-v.told
	var ended *exec.ExitError
	if err := v.cmd.Wait(); errors.As(err, &ended) {
		return ended.ExitCode()
	}
	return 0
}

func (v *victim) noBundle() {
	v.t.Helper()
	if _, err := os.Stat(filepath.Join(v.dir, "manifest.json")); !errors.Is(err, fs.ErrNotExist) {
		v.t.Errorf("there is a manifest: %v", err)
	}
	if _, err := open(v.dir); err == nil {
		v.t.Error("the cut run opens as a bundle")
	}
}

func TestDeathLeavesNothing(t *testing.T) {
	const killed = -1 // the tool itself: no exit code
	tests := []struct {
		name string
		kill func(tool, server, generator int) (pid int, s syscall.Signal)
		exit int
		want []string
	}{
		{"server", func(_, server, _ int) (int, syscall.Signal) { return server, syscall.SIGKILL }, exitInvalid,
			[]string{"the server of std died during the block: ", "signal 9", "hint: "}},
		{"generator", func(_, _, generator int) (int, syscall.Signal) { return generator, syscall.SIGKILL }, exitInternal,
			[]string{"load generator: signal: killed"}},
		{"tool", func(tool, _, _ int) (int, syscall.Signal) { return tool, syscall.SIGKILL }, killed, nil},
		{"interrupt", func(tool, _, _ int) (int, syscall.Signal) { return tool, syscall.SIGINT }, exitInterrupted,
			[]string{"interrupted: there is no bundle yet", "hint: finish it with tlslab run --continue "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := startLab(t, endless)
			server, generator := v.children()
			pid, signal := tt.kill(v.cmd.Process.Pid, server, generator)
			if err := syscall.Kill(pid, signal); err != nil {
				t.Fatal(err)
			}
			if got := v.exit(); got != tt.exit {
				t.Errorf("exit %d, want %d: %s", got, tt.exit, &v.stderr)
			}
			v.until("the children's end", func() bool { return gone(server) && gone(generator) })
			v.noBundle()
			for _, want := range tt.want {
				if !strings.Contains(v.stderr.String(), want) {
					t.Errorf("stderr lacks %q: %s", want, &v.stderr)
				}
			}
		})
	}
}

// several is a scenario of eight blocks.
const several = `
version: 1
name: several
variants: [{name: std}, {name: again, extends: std}]
cells: {group: X25519}
load: {loop: closed, workers: 1, handshakes: 150}
blocks: {groups: 2, spare: 0, warmup: 10ms}
`

func TestContinueFinishesAKilledRun(t *testing.T) {
	v := startLab(t, several)
	blocks := func() []string {
		found, _ := filepath.Glob(filepath.Join(v.dir, "blocks", "*.json"))
		return found
	}
	v.until("the first block of the second group", func() bool { return len(blocks()) >= 5 })
	v.cmd.Process.Kill()
	<-v.told
	v.noBundle()
	kept, err := os.Stat(blocks()[0])
	if err != nil {
		t.Fatal(err)
	}
	again := exec.Command("tlslab", "run", "--continue", v.dir)
	again.Env, again.Dir = v.cmd.Env, v.cmd.Dir
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := open(v.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Blocks) != 8 {
		t.Errorf("got %d blocks, want 8", len(b.Blocks))
	}
	if now, err := os.Stat(blocks()[0]); err != nil || !now.ModTime().Equal(kept.ModTime()) {
		t.Errorf("a block of a whole group was measured again: %v", err)
	}
}

func TestBundleIsPrivate(t *testing.T) {
	v := startLab(t, several)
	if code := v.exit(); code != exitDone {
		t.Fatalf("exit %d: %s", code, &v.stderr)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	needles := []string{checkout(environment(t)), v.dir, os.TempDir() + "/", "PRIVATE KEY", "CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET"}
	if len(host) > 3 { // a shorter one is found in every base64
		needles = append(needles, host)
	}
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		needles = append(needles, home+"/")
	}
	leaks, err := results.Leaks(os.DirFS(v.dir), needles...)
	if err != nil || len(leaks) > 0 {
		t.Errorf("the bundle tells %q: %v", leaks, err)
	}
}
