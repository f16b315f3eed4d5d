package exact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	fileSchema = 1
	maxFile    = 1 << 20 // bytes; a file of a cell has some thousands
)

// ErrSchema is wrapped where a baseline file is of another version of its format.
var ErrSchema = errors.New("baseline file of another schema")

// file is one cell's baseline as it is committed.
type file struct {
	Schema  int     `json:"schema"`
	Cell    string  `json:"cell"`
	Entries []entry `json:"entries"`
}

type entry struct {
	Key      Key                `json:"key"`
	Server   Side               `json:"server"`
	Client   Side               `json:"client"`
	Syscalls map[string]float64 `json:"syscalls,omitempty"`
}

// FileName is the name of a cell's baseline file: full_X25519_ecdsa-p256_server-auth.json.
func FileName(cell string) string {
	return url.PathEscape(strings.ReplaceAll(cell, "/", "_")) + ".json"
}

// Read reads the baseline of a scenario: all files *.json of a directory. A directory that is not there is an
// [fs.ErrNotExist]; other errors name the file, and wrap [ErrSchema] where another tlslab wrote it.
func Read(fsys fs.FS) (Baseline, error) {
	names, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	b := Baseline{}
	for _, f := range names {
		if !strings.HasSuffix(f.Name(), ".json") || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		cell, entries, err := readFile(fsys, f.Name())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		b[cell] = entries
	}
	return b, nil
}

func readFile(fsys fs.FS, name string) (string, []Counts, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", nil, err
	}
	if len(data) > maxFile {
		return "", nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	cell, entries, err := decode(data)
	if err == nil && FileName(cell) != name {
		err = fmt.Errorf("holds the cell %q, whose file is %s", cell, FileName(cell))
	}
	return cell, entries, err
}

func decode(data []byte) (string, []Counts, error) {
	var version struct {
		Schema int `json:"schema"`
	}
	if json.Unmarshal(data, &version) == nil && version.Schema != fileSchema {
		return "", nil, fmt.Errorf("%w: %d, this tlslab reads %d", ErrSchema, version.Schema, fileSchema)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var f file
	if err := decoder.Decode(&f); err != nil {
		return "", nil, placed(err, data)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "", nil, errors.New("more follows after the end")
	}
	entries, err := f.counts()
	return f.Cell, entries, err
}

// placed adds the line to a syntax error, as a merge conflict leaves behind.
func placed(err error, data []byte) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte("\n")), err)
}

func (f file) counts() ([]Counts, error) {
	if f.Cell == "" || len(f.Entries) == 0 {
		return nil, errors.New("no cell, or no entries")
	}
	var all []Counts
	for i, e := range f.Entries {
		c := Counts{Cell: f.Cell, Key: e.Key, Server: e.Server, Client: e.Client, Syscalls: e.Syscalls}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		for _, earlier := range all {
			if len(earlier.Key.Differences(c.Key)) == 0 {
				return nil, fmt.Errorf("entry %d: its key is that of another entry", i+1)
			}
		}
		all = append(all, c)
	}
	return all, nil
}

// check refuses what nothing counts.
func (c Counts) check() error {
	whole := map[string]float64{
		"server allocs": c.Server.Allocs, "server alloc_bytes": c.Server.AllocBytes, "server sent_bytes": c.Server.Sent,
		"client allocs": c.Client.Allocs, "client alloc_bytes": c.Client.AllocBytes, "client sent_bytes": c.Client.Sent,
	}
	for _, counts := range []map[string]float64{whole, c.Syscalls, c.Server.Instructions, c.Client.Instructions} {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			if counts[name] < 0 {
				return fmt.Errorf("%q is negative", name)
			}
		}
	}
	return nil
}

// Write writes one file for each cell into a directory, which is made if need be. Other files stay.
func (b Baseline) Write(dir string) error {
	if len(b) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, cell := range slices.Sorted(maps.Keys(b)) {
		text, err := b.file(cell)
		if err != nil {
			return err
		}
		if err := replace(filepath.Join(dir, FileName(cell)), text); err != nil {
			return err
		}
	}
	return nil
}

// replace leaves the old contents or the new ones, never half of either.
func replace(path string, data []byte) error {
	half := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(half, data, 0o644); err != nil {
		return err
	}
	if err := os.Rename(half, path); err != nil {
		os.Remove(half)
		return err
	}
	return nil
}

// file is the file of a cell: one line for each key, one for each count.
func (b Baseline) file(cell string) ([]byte, error) {
	f := file{Schema: fileSchema, Cell: cell}
	for _, c := range b[cell] {
		f.Entries = append(f.Entries, entry{c.Key, c.Server, c.Client, c.Syscalls})
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FileName(cell), err)
	}
	for _, e := range f.Entries {
		spread, _ := json.MarshalIndent(e.Key, "      ", "  ") // as it did just now
		text = bytes.Replace(text, spread, []byte(e.Key.line()), 1)
	}
	return append(text, '\n'), nil
}

// line is the key as JSON on one line.
func (k Key) line() string {
	text, err := json.Marshal(k)
	if err != nil {
		panic(err) // strings and integers only
	}
	return string(text)
}
