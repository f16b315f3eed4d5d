package results

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWriteAndOpen(t *testing.T) {
	dir := written(t)
	b, err := Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Blocks) != 4 {
		t.Fatalf("got %d blocks, want 4", len(b.Blocks))
	}
	for i := range b.Blocks {
		if got, want := b.Blocks[i], block(i); !reflect.DeepEqual(got, want) {
			t.Errorf("block %d: got %+v, want %+v", i, got, want)
		}
	}
	if got, want := b.Profiles(), []string{"profiles/std.pb.gz"}; !slices.Equal(got, want) {
		t.Errorf("got profiles %v, want %v", got, want)
	}
	if data, err := b.Member("bench.txt"); err != nil || string(data) != "Benchmark\n" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := b.Member("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent member: got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, draftName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
}

func TestManifestIsPublishable(t *testing.T) {
	files := loaded(t)
	b, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	if v := b.Variants[0]; v.Hello.Address != "" || v.Hello.PID != 0 {
		t.Errorf("the server's address and process id are there: %+v", v.Hello)
	}
	if got := b.Variants[1].Build.PGO; got != "cpu.pgo" {
		t.Errorf("got PGO %q, want cpu.pgo", got)
	}
	if got, want := b.Started.Format(time.RFC3339), "2026-03-01T07:00:00Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if found, err := Leaks(files, "alice", "127.0.0.1", t.TempDir()); err != nil || found != nil {
		t.Errorf("leaks: %v, %v", found, err)
	}
	if draft().Variants[0].Hello.PID == 0 {
		t.Error("the caller's manifest was changed")
	}
}

func TestReportIsNoMember(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, reportName), []byte("<!doctype html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	m := draft()
	m.Blocks = 0
	b, err := w.Finish(m)
	if err != nil || len(b.Files) != 0 {
		t.Errorf("got members %v, %v", b, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	unfinished := t.TempDir()
	w, err := Create(unfinished, draft())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	occupied := t.TempDir()
	file := filepath.Join(occupied, "thesis.tex")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, says string
		is        error
	}{
		{unfinished, "--continue", ErrUnfinished},
		{written(t), "finished bundle", ErrFinished},
		{occupied, "not empty", nil},
		{file, "not a directory", nil},
	} {
		_, err := Create(c.dir, draft())
		if err == nil || !strings.Contains(err.Error(), c.says) || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("got %v, want something with %q", err, c.says)
		}
	}
	if left, err := os.ReadDir(occupied); err != nil || len(left) != 1 {
		t.Errorf("refused, but left something behind: %v, %v", left, err)
	}
	m := draft()
	m.Cells[0].Variants = []string{"gone"}
	if _, err := Create(t.TempDir(), m); err == nil || !strings.Contains(err.Error(), `unknown variant "gone"`) {
		t.Errorf("got %v", err)
	}
}

func TestKilledRunIsNoBundle(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Block(block(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(os.DirFS(dir)); !errors.Is(err, ErrNotBundle) {
		t.Errorf("got %v, want %v", err, ErrNotBundle)
	}
}

func TestResume(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Block(block(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := Resume(dir); !errors.Is(err, ErrBusy) {
		t.Errorf("resumed a run that is being written: %v", err)
	}
	w.Close()
	leftover := filepath.Join(dir, "blocks", ".0003.json.tmp")
	if err := os.WriteFile(leftover, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}

	w, m, blocks, err := Resume(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Seed != 42 || m.Scenario.Text != "name: tiny\n" || len(blocks) != 3 || blocks[2].Index != 2 {
		t.Errorf("got seed %d, scenario %+v, %d blocks", m.Seed, m.Scenario, len(blocks))
	}
	if _, err := w.Finish(m); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "3 blocks, should have 4") {
		t.Errorf("finished without a block: %v", err)
	}
	if err := w.Discard(2); err != nil {
		t.Error(err)
	}
	if err := w.Discard(2); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("discarded twice: %v", err)
	}
	for i := 2; i < 4; i++ {
		if err := w.Block(block(i)); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := w.Finish(m); err != nil || len(b.Blocks) != 4 {
		t.Errorf("got %v, %v", b, err)
	}
	if _, _, _, err := Resume(dir); !errors.Is(err, ErrFinished) {
		t.Errorf("resumed a bundle: %v", err)
	}
	if _, _, _, err := Resume(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("resumed nothing: %v", err)
	}
}

func TestBlockRefuses(t *testing.T) {
	w, err := Create(t.TempDir(), draft())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Block(block(0)); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*Block){
		"already exists":          func(b *Block) { b.Index = 0 },
		`unknown cell "x"`:        func(b *Block) { b.Cell = "x" },
		`unknown variant "x"`:     func(b *Block) { b.Variant = "x" },
		"none may be negative":    func(b *Block) { b.Index = -1 },
		"unsupported value: NaN":  func(b *Block) { b.System.Steal = math.NaN() },
		"group -1":                func(b *Block) { b.Group = -1 },
		"unsupported value: +Inf": func(b *Block) { b.System.Steal = math.Inf(1) },
	} {
		b := block(1)
		change(&b)
		if err := w.Block(b); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

func TestNames(t *testing.T) {
	w, err := Create(t.TempDir(), draft())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, name := range []string{
		"", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", `a\b`, "C:x", "a\nb", ".hidden", "a/.hidden",
		"manifest.json", "run.json", "report.html", "blocks/0000.json", "blocks/x",
	} {
		if err := w.Put(name, nil); err == nil {
			t.Errorf("took %q", name)
		}
	}
	for _, name := range []string{"bench.txt", "profiles/std full P-384.pb.gz", "histograms/a/b.hlog"} {
		if err := w.Put(name, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestCreateFileAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateFile("histograms/std.hlog")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"#[one\n", "two\n"} {
		if _, err := f.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "histograms", "std.hlog")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there before it was closed: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "#[one\ntwo\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSymlinkIsNoMember(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	m := draft()
	m.Blocks = 0
	if _, err := w.Finish(m); err == nil {
		t.Error("took a file from outside of the bundle")
	}
}
