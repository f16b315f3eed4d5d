package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	kernel "github.com/cilium/ebpf"

	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/results/account"
)

const observed = `
version: 1
name: observed
variants: [{name: std}]
cells: {group: X25519}
load: {loop: closed, workers: 1, length: 60s}
blocks: {groups: 8, warmup: 10ms}
instruments: {observe: auto}
`

// TestDeathDetaches: whatever way the tool dies, the kernel has none of its programs a second later.
func TestDeathDetaches(t *testing.T) {
	if tier := ebpf.Probe().Tier(); tier != account.Full {
		t.Skipf("needs the full tier of observation, this is %s: run as root", tier)
	}
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			v := startLab(t, strings.Replace(observed, "60s", "300ms", 1))
			var programs []kernel.ProgramID
			v.until("programs in the kernel", func() bool {
				programs = programsOf(v.cmd.Process.Pid)
				return len(programs) >= 5
			})
			if err := v.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			v.exit()
			died := time.Now()
			v.until("the programs' end", func() bool { return !anyAlive(programs) })
			if took := time.Since(died); took > time.Second {
				t.Errorf("the programs outlived the tool by %v", took)
			}
		})
	}
}

// programsOf lists the BPF programs that a process holds.
func programsOf(pid int) (ids []kernel.ProgramID) {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			continue // closed by now
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if id, is := strings.CutPrefix(lines.Text(), "prog_id:"); is {
				if n, err := strconv.ParseUint(strings.TrimSpace(id), 10, 32); err == nil {
					ids = append(ids, kernel.ProgramID(n))
				}
			}
		}
		file.Close()
	}
	return ids
}

func anyAlive(ids []kernel.ProgramID) bool {
	for _, id := range ids {
		p, err := kernel.NewProgramFromID(id)
		if err == nil {
			p.Close()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// TestWithoutCapabilities: in a user namespace of its own a process has no right to eBPF. The run is complete all the
// same, with the lower tier and a gap that says how to close it.
func TestWithoutCapabilities(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	scenario := filepath.Join(t.TempDir(), "scenario.yaml")
	text := strings.NewReplacer("60s", "300ms", "groups: 8", "groups: 1, spare: 0").Replace(observed)
	if err := os.WriteFile(scenario, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	env := environment(t)
	cmd := exec.Command("tlslab", "run", scenario, "-o", dir)
	cmd.Env, cmd.Dir = append(os.Environ(), env...), checkout(env)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skipf("this system makes no user namespaces: %v", err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"Where the time goes", "runtime tier", "not measured: eBPF", "residual p50, p99", "verdict: "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q: %s", want, out)
		}
	}
}
