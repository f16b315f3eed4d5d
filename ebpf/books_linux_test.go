//go:build amd64 || arm64

package ebpf

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/sites"
)

func TestSchedstatSince(t *testing.T) {
	type entry = struct{ cpu, delay time.Duration }
	tests := []struct {
		name           string
		before, after  schedstat
		cpu, runQueued time.Duration
	}{
		{"nothing", schedstat{"1": {5, 2}}, schedstat{"1": {5, 2}}, 0, 0},
		{"one thread", schedstat{"1": {5, 2}}, schedstat{"1": {9, 3}}, 4, 1},
		{"a new thread", schedstat{"1": {5, 2}}, schedstat{"1": {5, 2}, "2": entry{7, 1}}, 7, 1},
		{"one that ended", schedstat{"1": {5, 2}, "2": {1, 1}}, schedstat{"1": {9, 3}}, -1, -1},
		{"a process that ended", schedstat{"1": {5, 2}}, nil, -1, -1},
	}
	for _, tt := range tests {
		cpu, delay := tt.after.since(tt.before)
		if cpu != tt.cpu || delay != tt.runQueued {
			t.Errorf("%s: got %d and %d, want %d and %d", tt.name, cpu, delay, tt.cpu, tt.runQueued)
		}
	}
}

func TestReadSchedstat(t *testing.T) {
	all, err := readSchedstat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	var cpu time.Duration
	for _, thread := range all {
		cpu += thread.cpu
	}
	if cpu <= 0 {
		t.Errorf("this process has run for %v", cpu)
	}
}

// The tables fit what the kernel's side has room for, and no two system calls share a row.
func TestTables(t *testing.T) {
	if room := len(bpf.AccountCounters{}.Calls); len(syscalls)+1 > room-1 || acceptWait != room-1 {
		t.Errorf("%d system calls and the accept queue need more than %d rows", len(syscalls), room)
	}
	rows, kinds := tables(true)
	plain, without := tables(false)
	if rows != plain {
		t.Error("rows depend on whether files are watched")
	}
	seen := map[string]bool{}
	for i, call := range syscalls {
		if seen[call.name] || nameOf(i+1) != call.name || rows[call.number] != uint8(i+1) {
			t.Errorf("%s: row %d, named %s, seen %v", call.name, rows[call.number], nameOf(i+1), seen[call.name])
		}
		seen[call.name] = true
		special := call.kind == opening || call.kind == closing
		if kinds[call.number] != uint8(call.kind) || special && without[call.number] != uint8(ordinary) {
			t.Errorf("%s: kind %d, and %d without files", call.name, kinds[call.number], without[call.number])
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	for _, name := range []string{"", "server.crt", strings.Repeat("x", 63)} {
		chars := chars(name)
		if got := text(chars[:]); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
	long := chars(strings.Repeat("x", 200))
	if got := text(long[:]); len(got) != 63 {
		t.Errorf("a long name has %d characters, want 63 and the end", len(got))
	}
}

func TestOpenFiles(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "open")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	names, err := openFiles(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	got := names[uint32(file.Fd())]
	if text := text(got[:]); !strings.HasPrefix(text, "open") {
		t.Errorf("got %q for the file that is open", text)
	}
}

// The program of the hooks' ends is told which register holds the error; the one of the phases, which begins.
func TestCookies(t *testing.T) {
	tests := []struct {
		site sites.Site
		want uint64
	}{
		{sites.Site{Hook: sites.ServerPhase, Phase: 3}, 3},
		{sites.Site{Hook: sites.ClientPhase, Phase: 7}, 7},
		{sites.Site{Hook: sites.ServerEnd}, 0},
		{sites.Site{Hook: sites.ClientEnd}, 1},
		{sites.Site{Hook: sites.Failed}, 0},
	}
	for _, tt := range tests {
		if got := cookie(tt.site); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.site.Hook, got, tt.want)
		}
	}
	if most := len(bpf.AccountHandshake{}.Time); len(sites.ServerPhases) > most || len(sites.ClientPhases) > most {
		t.Errorf("%d and %d phases, room for %d", len(sites.ServerPhases), len(sites.ClientPhases), most)
	}
}
