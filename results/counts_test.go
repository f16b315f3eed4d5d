package results

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results/exact"
)

func counted(variant string) exact.Counts {
	return exact.Counts{
		Cell: draft().Cells[0].Name, Variant: variant,
		Key: exact.Key{
			Counter: "callgrind-3.19.0", Go: "go1.26.8", OS: "linux", Arch: "amd64", Level: "v1", Features: []string{"aes"},
			Seeded: true, Handshakes: [2]int{10, 110},
		},
		Server:   exact.Side{Instructions: map[string]float64{"crypto/sha256": 41_250.5, "": 12}, Allocs: 412.01, AllocBytes: 61_000, Sent: 2_190},
		Client:   exact.Side{Allocs: 427, AllocBytes: 60_500, Sent: 1_002},
		Syscalls: map[string]float64{"read": 3, "write": 2.5},
	}
}

func TestExact(t *testing.T) {
	want := []exact.Counts{counted("std"), counted("fips140")}
	dir := writtenWith(t, draft(), func(w *Writer) error { return w.Exact(want) })
	b := must[*Bundle](t)(Open(os.DirFS(dir)))
	if got := must[[]exact.Counts](t)(b.Exact()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestExactOfNothing(t *testing.T) {
	dir := writtenWith(t, draft(), func(w *Writer) error {
		return errors.Join(w.Exact([]exact.Counts{counted("std")}), w.Exact(nil))
	})
	b := must[*Bundle](t)(Open(os.DirFS(dir)))
	if got, err := b.Exact(); got != nil || err != nil {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, exactName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("counts of an earlier try are left: %v", err)
	}
	if got, err := (&Bundle{Manifest: draft()}).Exact(); got != nil || err != nil {
		t.Errorf("a bundle put together by hand: got %v, %v", got, err)
	}
}

func TestExactRefuses(t *testing.T) {
	elsewhere := counted("std")
	elsewhere.Cell = "x"
	for _, c := range []struct {
		says   string
		counts []exact.Counts
	}{
		{`unknown cell "x"`, []exact.Counts{elsewhere}},
		{`unknown variant "x"`, []exact.Counts{counted("x")}},
		{"counted twice", []exact.Counts{counted("std"), counted("std")}},
	} {
		w := must[*Writer](t)(Create(t.TempDir(), draft()))
		if err := w.Exact(c.counts); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
		w.Close()
	}
}

func TestExactIsReadStrictly(t *testing.T) {
	dir := writtenWith(t, draft(), func(w *Writer) error { return w.Exact([]exact.Counts{counted("std")}) })
	whole := filesOf(t, dir)
	for _, c := range []struct{ says, old, by string }{
		{`unknown field "mood"`, `"seeded"`, `"mood": 1, "seeded"`},
		{`unknown variant "gone"`, `"variant": "std"`, `"variant": "gone"`},
	} {
		files := clone(whole)
		replace(files, exactName, c.old, c.by)
		change(t, files, func(*Manifest) {}, exactName)
		b := must[*Bundle](t)(Open(files))
		if _, err := b.Exact(); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}
