package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// What is larger was not written by the lab and is refused before it is read.
const (
	maxManifest = 16 << 20  // bytes
	maxBlock    = 16 << 20  // bytes
	maxMember   = 256 << 20 // bytes
	maxMembers  = 100_000
)

var (
	// ErrNotBundle is wrapped where a directory has no manifest, as one of a run that was cut short: [Resume] can
	// finish it.
	ErrNotBundle = errors.New("not a bundle: manifest.json is missing")
	// ErrCorrupt is wrapped where a bundle is not what its writer wrote.
	ErrCorrupt = errors.New("corrupt bundle")
)

// SchemaError is a bundle of another version of the layout.
type SchemaError struct{ Got, Want int }

func (e *SchemaError) Error() string {
	return fmt.Sprintf("bundle of schema %d; this tlslab reads schema %d", e.Got, e.Want)
}

// Bundle is a finished run.
type Bundle struct {
	Manifest
	Blocks []Block // in order of execution

	fsys fs.FS
}

// Open reads a bundle and checks all of it: the schema, each member against its digest, each block against the
// manifest, each histogram. The error wraps [ErrNotBundle] or [ErrCorrupt], or is a [*SchemaError], or comes from
// fsys. Files that the manifest does not name are ignored.
func Open(fsys fs.FS) (*Bundle, error) {
	data, err := read(fsys, manifestName, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBundle
	}
	if err != nil {
		return nil, err
	}
	return open(fsys, data)
}

// open is Open with the manifest already read, or not yet written.
func open(fsys fs.FS, manifest []byte) (*Bundle, error) {
	m, err := decodeManifest(manifest)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Manifest: m, fsys: fsys}
	if err := b.Verify(); err != nil {
		return nil, err
	}
	if b.Blocks, err = b.readBlocks(); err != nil {
		return nil, err
	}
	return b, nil
}

// Verify reads every member again and compares it with the manifest's digest. The error wraps [ErrCorrupt] and
// names every member that differs.
func (b *Bundle) Verify() error {
	var errs []error
	for _, f := range b.Files {
		if err := verify(b.fsys, f); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Member reads one member, checked against its digest.
func (b *Bundle) Member(name string) ([]byte, error) {
	i := slices.IndexFunc(b.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%s: %w in the bundle", name, fs.ErrNotExist)
	}
	data, err := read(b.fsys, name, b.Files[i].Bytes)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if err := b.Files[i].match(File{name, int64(len(data)), hex.EncodeToString(sum[:])}); err != nil {
		return nil, err
	}
	return data, nil
}

// Profiles names the CPU profiles of the bundle, sorted. The samples' labels say which variant and cell each shows.
func (b *Bundle) Profiles() []string { return b.under(profileDir) }

func (b *Bundle) under(dir string) []string {
	var names []string
	for _, f := range b.Files {
		if strings.HasPrefix(f.Name, dir) {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *Bundle) readBlocks() ([]Block, error) {
	names := b.under(blockDir)
	if len(names) != b.Manifest.Blocks {
		return nil, corrupt(manifestName, "has %d blocks, should have %d", len(names), b.Manifest.Blocks)
	}
	blocks := make([]Block, 0, len(names))
	for _, name := range names {
		block, err := b.readBlock(name)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, block)
	}
	slices.SortFunc(blocks, func(x, y Block) int { return x.Index - y.Index })
	return blocks, checkPlaces(blocks)
}

func (b *Bundle) readBlock(name string) (Block, error) {
	var block Block
	data, err := read(b.fsys, name, maxBlock)
	if err != nil {
		return block, err
	}
	if err := decode(data, &block); err != nil {
		return block, corrupt(name, "%w", err)
	}
	if blockName(block.Index) != name {
		return block, corrupt(name, "holds block %d", block.Index)
	}
	if err := b.Manifest.checkBlock(&block); err != nil {
		return block, corrupt(name, "%w", err)
	}
	return block, nil
}

func decodeManifest(data []byte) (Manifest, error) {
	var version struct {
		Schema int `json:"schema"`
	}
	var m Manifest
	if !bytes.HasSuffix(data, []byte("}\n")) {
		return m, corrupt(manifestName, "cut short")
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return m, corrupt(manifestName, "%w", err)
	}
	if version.Schema <= 0 {
		return m, corrupt(manifestName, "no schema number")
	}
	if version.Schema != Schema {
		return m, &SchemaError{version.Schema, Schema}
	}
	if err := decode(data, &m); err != nil {
		return m, corrupt(manifestName, "%w", err)
	}
	if err := m.check(); err != nil {
		return m, corrupt(manifestName, "%w", err)
	}
	return m, nil
}

// decode is strict: one JSON value, no unknown key, nothing after it.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// read reads a file of at most limit bytes. A file that is missing is [fs.ErrNotExist] too.
func read(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := openRegular(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, corrupt(name, "longer than %d bytes", limit)
	}
	return data, nil
}

func verify(fsys fs.FS, f File) error {
	got, err := digest(fsys, f.Name, f.Bytes)
	if errors.Is(err, fs.ErrNotExist) {
		return corrupt(f.Name, "missing")
	}
	if err != nil {
		return err
	}
	return f.match(got)
}

// match compares what was read of a member, up to one byte too many, with what the manifest says.
func (f File) match(got File) error {
	switch {
	case got.Bytes < f.Bytes:
		return corrupt(f.Name, "cut short: %d of %d bytes", got.Bytes, f.Bytes)
	case got.Bytes > f.Bytes:
		return corrupt(f.Name, "longer than the manifest's %d bytes", f.Bytes)
	case got.SHA256 != f.SHA256:
		return corrupt(f.Name, "its SHA-256 is not the manifest's")
	}
	return nil
}

func corrupt(name, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrCorrupt, name, fmt.Errorf(format, args...))
}
