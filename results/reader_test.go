package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// change is files with another manifest and, where names are given, with their digests taken anew.
func change(t *testing.T, files fstest.MapFS, edit func(*Manifest), digests ...string) fstest.MapFS {
	t.Helper()
	var m Manifest
	if err := json.Unmarshal(files[manifestName].Data, &m); err != nil {
		t.Fatal(err)
	}
	for i, f := range m.Files {
		for _, name := range digests {
			if f.Name == name {
				m.Files[i] = must[File](t)(digest(files, name, maxMember))
			}
		}
	}
	edit(&m)
	files[manifestName] = &fstest.MapFile{Data: must[[]byte](t)(encodeManifest(m))}
	return files
}

func replace(files fstest.MapFS, name, old, by string) {
	files[name] = &fstest.MapFile{Data: bytes.Replace(files[name].Data, []byte(old), []byte(by), 1)}
}

func TestOpenRefuses(t *testing.T) {
	whole := loaded(t)
	const first, second = "blocks/0000.json", "blocks/0001.json"
	none := func(*Manifest) {}
	for _, c := range []struct {
		name, says string
		is         error
		edit       func(t *testing.T, f fstest.MapFS)
	}{
		{"no manifest", "manifest.json is missing", ErrNotBundle, func(t *testing.T, f fstest.MapFS) { delete(f, manifestName) }},
		{"empty manifest", "cut short", ErrCorrupt, func(t *testing.T, f fstest.MapFS) { f[manifestName] = &fstest.MapFile{} }},
		{"unknown key", `unknown field "mood"`, ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			replace(f, manifestName, `"seed"`, `"mood": 1, "seed"`)
		}},
		{"two values", "after top-level value", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			f[manifestName].Data = append(f[manifestName].Data, "{}\n"...)
		}},
		{"missing member", "bench.txt: missing", ErrCorrupt, func(t *testing.T, f fstest.MapFS) { delete(f, "bench.txt") }},
		{"directory for a member", "bench.txt: not a regular file", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			f["bench.txt"] = &fstest.MapFile{Mode: fs.ModeDir}
		}},
		{"changed member", "SHA-256", ErrCorrupt, func(t *testing.T, f fstest.MapFS) { replace(f, "bench.txt", "B", "b") }},
		{"longer member", "longer than", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			f["bench.txt"].Data = append(f["bench.txt"].Data, '\n')
		}},
		{"too few blocks", "has 4 blocks, should have 5", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Blocks = 5 })
		}},
		{"member twice", "named twice", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Files = append(m.Files, m.Files[0]) })
		}},
		{"member outside", "no name of a member", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Files[0].Name = "../../etc/passwd" })
		}},
		{"member too large", "must be 0 to", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Files[0].Bytes = 1 << 50 })
		}},
		{"unknown variant of a cell", `unknown variant "x"`, ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Cells[0].Variants[0] = "x" })
		}},
		{"variant twice", "used twice", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Variants = append(m.Variants, m.Variants[0]) })
		}},
		{"cell twice", "used twice", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Cells = append(m.Cells, m.Cells[0]) })
		}},
		{"unknown variant of a gate", `unknown variant "x"`, ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			change(t, f, func(m *Manifest) { m.Gates[0].Candidate = "x" })
		}},
		{"unknown cell of a block", "unknown cell", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			replace(f, first, `"cell":"full`, `"cell":"dull`)
			change(t, f, none, first)
		}},
		{"unknown variant of a block", "unknown variant", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			replace(f, first, `"variant":"std"`, `"variant":"x"`)
			change(t, f, none, first)
		}},
		{"unknown key of a block", `unknown field "mood"`, ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			replace(f, first, `{`, `{"mood":1,`)
			change(t, f, none, first)
		}},
		{"two values in a block", "follows the JSON value", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			f[first].Data = append(f[first].Data, "{}"...)
			change(t, f, none, first)
		}},
		{"duplicate block", "holds block 0", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			f[second] = f[first]
			change(t, f, none, second)
		}},
		{"place taken", "same place of its group", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			replace(f, second, `"order":1`, `"order":0`)
			change(t, f, none, second)
		}},
		{"unsound histogram", "histogram", ErrCorrupt, func(t *testing.T, f fstest.MapFS) {
			replace(f, first, `"handshake":{"count":3`, `"handshake":{"count":4`)
			change(t, f, none, first)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := clone(whole)
			c.edit(t, files)
			_, err := Open(files)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v with %q", err, c.is, c.says)
			}
		})
	}
}

func TestOpenAnotherSchema(t *testing.T) {
	for _, got := range []int{Schema + 1, Schema + 98} {
		files := loaded(t)
		change(t, files, func(m *Manifest) { m.Schema = got })
		replace(files, manifestName, `"seed"`, `"key of another schema": 1, "seed"`)
		_, err := Open(files)
		schema := &SchemaError{}
		if !errors.As(err, &schema) || *schema != (SchemaError{got, Schema}) {
			t.Errorf("schema %d: got %v", got, err)
		}
	}
}

func TestOpenIgnoresOtherFiles(t *testing.T) {
	files := loaded(t)
	files["report.html"] = &fstest.MapFile{Data: []byte("<!doctype html>")}
	files["blocks/0004.json"] = &fstest.MapFile{Data: []byte("?")}
	if _, err := Open(files); err != nil {
		t.Error(err)
	}
}

func TestVerifyNamesAll(t *testing.T) {
	files := loaded(t)
	b, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	delete(files, "bench.txt")
	replace(files, "sbom/std.json", "{", "[")
	err = b.Verify()
	for _, name := range []string{"bench.txt", "sbom/std.json"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want it to name %s", err, name)
		}
	}
	if _, err := b.Member("sbom/std.json"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("read a changed member: %v", err)
	}
}

// A bundle that lost its end anywhere is never read.
func TestOpenCutAnywhere(t *testing.T) {
	whole := loaded(t)
	for name, f := range whole {
		step := max(1, len(f.Data)/200)
		for n := 0; n < len(f.Data); n += step {
			checkCut(t, whole, name, n)
		}
		checkCut(t, whole, name, len(f.Data)-1)
	}
}

func checkCut(t *testing.T, whole fstest.MapFS, name string, n int) {
	t.Helper()
	files := clone(whole)
	files[name] = &fstest.MapFile{Data: whole[name].Data[:n]}
	if _, err := Open(files); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%s cut to %d bytes: got %v", name, n, err)
	}
}

func clone(files fstest.MapFS) fstest.MapFS {
	c := maps.Clone(files)
	for name, f := range c {
		c[name] = &fstest.MapFile{Data: bytes.Clone(f.Data)}
	}
	return c
}

// FuzzOpen gives the reader a manifest and a block whose digest is right.
func FuzzOpen(f *testing.F) {
	whole := loaded(f)
	f.Add(whole[manifestName].Data, whole["blocks/0000.json"].Data)
	f.Add([]byte("{\"schema\":3}\n"), []byte("{}"))
	f.Fuzz(func(t *testing.T, manifest, block []byte) {
		files := clone(whole)
		files[manifestName] = &fstest.MapFile{Data: manifest}
		if b, err := Open(files); err == nil && len(b.Blocks) != b.Manifest.Blocks {
			t.Errorf("got %d blocks, want %d", len(b.Blocks), b.Manifest.Blocks)
		}
		files = clone(whole)
		files["blocks/0000.json"] = &fstest.MapFile{Data: block}
		change(t, files, func(*Manifest) {}, "blocks/0000.json")
		if b, err := Open(files); err == nil && len(b.Blocks) != 4 {
			t.Errorf("got %d blocks, want 4", len(b.Blocks))
		}
	})
}
