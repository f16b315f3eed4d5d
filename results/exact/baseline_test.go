package exact

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write the golden file anew")

// The file is what reviewers read: its form is a promise.
func TestGolden(t *testing.T) {
	b, other := Baseline{}, counts()
	other.Key.Go = "go1.26.7"
	b.Put(counts(), margins())
	b.Put(other, margins())
	got, err := b.file(counts().Cell)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", FileName(counts().Cell))
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got:\n%s", got)
	}
}

func TestWriteRead(t *testing.T) {
	b, mutual, dir := Baseline{}, counts(), filepath.Join(t.TempDir(), "new", "smoke")
	mutual.Cell = "full/P-384/ecdsa-p384/mutual/alpn=h2/10 %"
	b.Put(counts(), margins())
	b.Put(mutual, margins())
	if err := b.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Read(os.DirFS(dir))
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("got %+v and error %v, want %+v", got, err, b)
	}
	if _, err := Read(os.DirFS(filepath.Join(dir, "none"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: got %v, want fs.ErrNotExist", err)
	}
}

// What is kept has the metrics of what was counted, and differs from it in no package.
func TestPutKeepsMetrics(t *testing.T) {
	b := Baseline{}
	b.Put(counts(), margins())
	kept, ok := b.Find(counts().Cell, key())
	if !ok {
		t.Fatal("not found")
	}
	if got, want := kept.Values(), counts().Values(); !maps.EqualFunc(got, want, func(x, y float64) bool { return math.Abs(x-y) < 2 }) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Packages(kept.Server, counts().Server); len(got) > 0 {
		t.Errorf("got differences %v", got)
	}
	if n := len(kept.Server.Instructions); n >= len(counts().Server.Instructions) {
		t.Errorf("got %d packages: none was summed up", n)
	}
}

func TestPut(t *testing.T) {
	other := counts()
	other.Key.Features = []string{"aes"}
	fewer := counts()
	fewer.Server.Allocs -= 2
	unwatched := counts()
	unwatched.Syscalls = nil
	tests := []struct {
		name    string
		counts  Counts
		changed bool
		entries int
	}{
		{"the same again", counts(), false, 1},
		{"noise", counts().with("crypto/tls", 300_100), false, 1},
		{"the runtime does what it likes", counts().with("runtime", 204_000), false, 1},
		{"a package has moved, within the margins", counts().with("crypto/tls", 301_000), true, 1},
		{"beyond a margin", counts().with("runtime", 220_000), true, 1},
		{"fewer allocations", fewer, true, 1},
		{"system calls are no longer counted", unwatched, true, 1},
		{"another key", other, true, 2},
	}
	for _, tt := range tests {
		b := Baseline{}
		b.Put(counts(), margins())
		if changed := b.Put(tt.counts, margins()); changed != tt.changed || len(b[counts().Cell]) != tt.entries {
			t.Errorf("%s: got changed %v, %d entries, want %v, %d", tt.name, changed, len(b[counts().Cell]), tt.changed, tt.entries)
		}
	}
}

// Many small steps must not creep past the gate: each is below what an update writes, and their sum is seen.
func TestPutDoesNotCreep(t *testing.T) {
	b, now := Baseline{}, counts()
	b.Put(now, margins())
	for range 100 {
		now = now.with("crypto/tls", now.Server.Instructions["crypto/tls"]+100)
		b.Put(now, margins())
	}
	kept, _ := b.Find(now.Cell, key())
	if lag := now.Server.Instructions["crypto/tls"] - kept.Server.Instructions["crypto/tls"]; lag < 0 || lag > 0.0005*1.01e6 {
		t.Errorf("the baseline lags behind by %v instructions", lag)
	}
}

func TestReadRefuses(t *testing.T) {
	b := Baseline{}
	b.Put(counts(), margins())
	good, err := b.file(counts().Cell)
	if err != nil {
		t.Fatal(err)
	}
	name := FileName(counts().Cell)
	edit := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the file has no %q", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	entries := string(good[bytes.Index(good, []byte("    {")):bytes.LastIndex(good, []byte("\n  ]"))])
	tests := []struct{ file, text, want string }{
		{name, "", "EOF"},
		{name, edit(`"schema": 1`, `"schema": 9`), "another schema: 9"},
		{name, edit(`"cell"`, `"cells"`), `unknown field "cells"`},
		{name, edit(`"entries": [`, "<<<<<<< HEAD\n\"entries\": ["), "line 4: "},
		{name, edit(`"allocs": 300`, `"allocs": -300`), `entry 1: "server allocs" is negative`},
		{name, edit(`"crypto/tls": `, `"crypto/tls": -`), `entry 1: "crypto/tls" is negative`},
		{name, edit(`"allocs": 300`, `"allocs": 1e999`), "allocs"},
		{name, edit(entries, entries+",\n"+entries), "entry 2: its key is that of another entry"},
		{name, edit(entries, ""), "no entries"},
		{name, string(good) + "{}", "more follows"},
		{name, string(good) + strings.Repeat(" ", maxFile), "larger than"},
		{"full_X25519.json", string(good), "whose file is " + name},
	}
	for _, tt := range tests {
		_, err := Read(fstest.MapFS{tt.file: &fstest.MapFile{Data: []byte(tt.text)}})
		if err == nil || !strings.HasPrefix(err.Error(), tt.file+": ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s: ... %s", err, tt.file, tt.want)
		}
	}
}

// Whatever can be read is written so that it reads the same.
func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile(filepath.Join("testdata", FileName(counts().Cell)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(`{"schema":1,"cell":"a","entries":[{"key":{},"server":{},"client":{"allocs":1e-7}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		cell, entries, err := decode(data)
		if err != nil {
			return
		}
		b := Baseline{cell: entries}
		text, err := b.file(cell)
		if err != nil {
			t.Fatal(err)
		}
		again, read, err := decode(text)
		if err != nil || again != cell {
			t.Fatalf("%v in\n%s", err, text)
		}
		if text2, err := (Baseline{again: read}).file(again); err != nil || !bytes.Equal(text, text2) {
			t.Fatalf("got\n%s, want\n%s", text2, text)
		}
	})
}
