package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/tlslab/tlslab/handshake/reload"
)

var (
	// ErrUnfinished is wrapped where a new run would overwrite one that was cut short.
	ErrUnfinished = errors.New("holds an unfinished run: finish it with tlslab run --continue, or choose another directory")
	// ErrFinished is wrapped where a run that is a bundle already would be written to.
	ErrFinished = errors.New("holds a finished bundle")
	// ErrBusy is wrapped where another process is writing the same run.
	ErrBusy = errors.New("another tlslab is writing this run")
)

// Writer writes one run. Every file appears at once and whole: it is written beside its place, flushed to the disk,
// and renamed. The directory becomes a bundle with the last of them, by [Writer.Finish]; a writer that was killed
// leaves a directory that [Open] refuses and [Resume] continues.
//
// A Writer is not safe for concurrent use.
type Writer struct {
	dir   string
	root  *os.Root
	lock  *os.File
	draft Manifest
}

// Create begins a run in dir, which must be empty or not exist. The manifest is the draft that [Resume] returns: the
// scenario, the seed, variants and cells are set, what only the end knows is not. The error wraps [ErrUnfinished] or
// [ErrFinished] where dir holds one.
func Create(dir string, m Manifest) (*Writer, error) {
	m = published(m)
	m.Files = nil
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w, err := openWriter(dir)
	if err != nil {
		return nil, err
	}
	w.draft = m
	if err := w.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), w.Close())
	}
	return w, nil
}

// Resume opens a run that was cut short, with its draft and the blocks that it finished, in order of execution.
func Resume(dir string) (*Writer, Manifest, []Block, error) {
	w, err := openWriter(dir)
	if err != nil {
		return nil, Manifest{}, nil, err
	}
	blocks, err := w.resume()
	if err != nil {
		return nil, Manifest{}, nil, errors.Join(fmt.Errorf("%s: %w", dir, err), w.Close())
	}
	return w, w.draft, blocks, nil
}

func openWriter(dir string) (*Writer, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Writer{dir: dir, root: root}, nil
}

func (w *Writer) resume() ([]Block, error) {
	if w.exists(manifestName) {
		return nil, ErrFinished
	}
	data, err := read(w.root.FS(), draftName, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("holds no run: run.json is missing")
	}
	if err != nil {
		return nil, err
	}
	if w.draft, err = decodeManifest(data); err != nil {
		return nil, err
	}
	if err := w.hold(); err != nil {
		return nil, err
	}
	if err := w.sweep(); err != nil {
		return nil, err
	}
	return w.blocks()
}

// blocks reads the blocks so far.
func (w *Writer) blocks() ([]Block, error) {
	files, err := w.members()
	if err != nil {
		return nil, err
	}
	b := Bundle{Manifest: w.draft, fsys: w.root.FS()}
	b.Files = files
	b.Manifest.Blocks = len(b.under(blockDir))
	return b.readBlocks()
}

// vacant fails where there is something in the directory.
func (w *Writer) vacant() error {
	entries, err := fs.ReadDir(w.root.FS(), ".")
	switch {
	case err != nil:
		return cause(err)
	case w.exists(manifestName):
		return ErrFinished
	case w.exists(draftName):
		return ErrUnfinished
	case len(entries) > 0:
		return errors.New("not empty: a bundle needs a directory of its own")
	}
	return nil
}

func (w *Writer) exists(name string) bool {
	_, err := w.root.Lstat(name)
	return err == nil
}

func (w *Writer) begin() error {
	if err := w.vacant(); err != nil {
		return err
	}
	data, err := encodeManifest(w.draft)
	if err != nil {
		return err
	}
	if err := w.write(draftName, data); err != nil {
		return err
	}
	return w.hold()
}

// hold keeps other writers away for as long as this process lives. A file system without locks has none to keep.
func (w *Writer) hold() (err error) {
	if w.lock, err = w.root.Open(draftName); err != nil {
		return err
	}
	err = syscall.Flock(int(w.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrBusy
	}
	return nil
}

// Block adds a block. It must fit the draft, and its index must be new: see [Writer.Discard].
func (w *Writer) Block(b Block) error {
	name := blockName(b.Index)
	if err := w.draft.checkBlock(&b); err != nil {
		return fmt.Errorf("block %d: %w", b.Index, err)
	}
	if w.exists(name) {
		return fmt.Errorf("block %d: %w", b.Index, fs.ErrExist)
	}
	b.Started, b.Server.Reload = b.Started.UTC(), pathlessReload(b.Server.Reload)
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("block %d: %w", b.Index, err)
	}
	if len(data) >= maxBlock {
		return fmt.Errorf("block %d: %d bytes, more than %d", b.Index, len(data), maxBlock)
	}
	return w.write(name, append(data, '\n'))
}

// Discard removes a block, of a group that cannot be completed any more.
func (w *Writer) Discard(index int) error {
	if err := w.root.Remove(blockName(index)); err != nil {
		return fmt.Errorf("discard block %d: %w", index, cause(err))
	}
	return nil
}

// remove removes a member, if it is there.
func (w *Writer) remove(name string) error {
	if err := w.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, cause(err))
	}
	return nil
}

// Put writes a member that is no block, over one of the same name if there is one.
func (w *Writer) Put(name string, data []byte) error {
	f, err := w.CreateFile(name)
	if err != nil {
		return err
	}
	_, _ = f.Write(data) // Close reports it
	return f.Close()
}

// CreateFile is [Writer.Put] for a member that is written piece by piece. It appears when it is closed, unless a
// write failed: then Close reports that.
func (w *Writer) CreateFile(name string) (io.WriteCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if isBlock(name) {
		return nil, fmt.Errorf("%s: blocks are written by Block alone", name)
	}
	return w.create(name)
}

// Finish makes the directory a bundle: it sets the manifest's schema, takes the digest of every member, reads all of
// it back as [Open] would, and only then writes the manifest. The manifest's Blocks is how many there must be.
// After an error the run is unfinished, as before.
func (w *Writer) Finish(m Manifest) (*Bundle, error) {
	b, data, err := w.rehearse(published(m))
	if err != nil {
		return nil, err
	}
	if err := w.write(manifestName, data); err != nil {
		return nil, err
	}
	if err := w.root.Remove(draftName); err != nil {
		return nil, err
	}
	return b, w.Close()
}

// rehearse opens the bundle that the manifest would make.
func (w *Writer) rehearse(m Manifest) (_ *Bundle, manifest []byte, err error) {
	if err := w.sweep(); err != nil {
		return nil, nil, err
	}
	if m.Files, err = w.members(); err != nil {
		return nil, nil, err
	}
	if manifest, err = encodeManifest(m); err != nil {
		return nil, nil, err
	}
	b, err := open(os.DirFS(w.dir), manifest)
	return b, manifest, err
}

// Close gives the directory up. Without [Writer.Finish] before it, the run stays unfinished.
func (w *Writer) Close() error {
	if w.lock != nil {
		w.lock.Close() // opened to read: nothing to lose
	}
	return w.root.Close()
}

// published is the manifest as others may read it: instants without the time zone, servers without address and
// process id, paths without the directories that only this machine has.
func published(m Manifest) Manifest {
	m.Schema = Schema
	m.Started, m.Finished = m.Started.UTC(), m.Finished.UTC()
	m.Variants = slices.Clone(m.Variants)
	for i := range m.Variants {
		v := &m.Variants[i]
		v.Hello.Address, v.Hello.PID = "", 0
		v.Build.PGO = relative(v.Build.PGO)
		v.Build.Source.Path = relative(v.Build.Source.Path)
		v.Reload = anywhere(v.Reload)
	}
	return m
}

func relative(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Base(path)
	}
	return path
}

// anywhere is a reload strategy without the paths that it follows here.
func anywhere(r *reload.Settings) *reload.Settings {
	if r == nil {
		return nil
	}
	s := *r
	s.Files, s.State = reload.Files{}, ""
	return &s
}

// encodeManifest ends the manifest with a newline, which tells the reader that nothing was cut off.
func encodeManifest(m Manifest) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	return b.Bytes(), nil
}
