package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Cap is how many points a history has at most where nobody asks for another number.
const Cap = 400

var (
	// ErrPoint is wrapped where a point lacks what each has, or says what none can.
	ErrPoint = errors.New("no point of a history")
	// ErrOther is wrapped where a point is of another scenario than the history.
	ErrOther = errors.New("another scenario")
)

// Appended is what [Append] found and did.
type Appended struct {
	Points  int  // in the file now
	Known   bool // the run was there already, and was not added again
	Dropped int  // the oldest points, that were too many
	Torn    int  // bytes of a line that a writer that was killed had left, and that is gone
}

// Append adds a point to a file, which it makes where there is none, and flushes it to the disk. Only one process at a
// time does so: others wait. Where the file would have more than most points, the oldest are dropped and the file is
// replaced as a whole. A run that is there already, by its time and seed, is not added again.
//
// The error wraps [ErrPoint], [ErrCorrupt] or [ErrOther], or comes from the file system; then the file is as it was.
func Append(file string, p Point, most int) (Appended, error) {
	text, err := encode(p)
	if err != nil {
		return Appended{}, fmt.Errorf("%w: %w", ErrPoint, err)
	}
	if most < 1 {
		return Appended{}, fmt.Errorf("%s: at most %d points leave no room for one", file, most)
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target // what is replaced must be the file, not the link
	}
	f, err := lock(file)
	if err != nil {
		return Appended{}, err
	}
	defer f.Close() // and with it the lock; what was written is flushed before
	done, err := add(f, p, text, most)
	if err != nil {
		return Appended{}, fmt.Errorf("%s: %w", file, err)
	}
	return done, nil
}

// lock opens a file and waits until no other process has it. A file that was replaced meanwhile is not the one that
// others lock any more, so it is opened again.
func lock(file string) (*os.File, error) {
	for {
		f, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := flock(f); err != nil {
			f.Close()
			return nil, err
		}
		held, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		if named, err := os.Stat(file); err == nil && os.SameFile(held, named) {
			return f, nil
		}
		f.Close()
	}
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("flock "+f.Name(), err)
		}
	}
}

// add adds a line to a file that is locked.
func add(f *os.File, p Point, text []byte, most int) (Appended, error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return Appended{}, err
	}
	lines, torn, err := parse(data)
	if err != nil {
		return Appended{}, err
	}
	if len(lines) > 0 && lines[0].point.Scenario != p.Scenario {
		return Appended{}, fmt.Errorf("%w: its runs are of %q, this one is of %q", ErrOther, lines[0].point.Scenario, p.Scenario)
	}
	done := Appended{Points: len(lines), Torn: torn}
	if slices.ContainsFunc(lines, func(l line) bool { return l.point.When.Equal(p.When) && l.point.Seed == p.Seed }) {
		done.Known = true
		return done, nil
	}
	done.Points++
	if done.Dropped = max(0, done.Points-most); done.Dropped > 0 {
		done.Points = most
		return done, replace(f, append(joined(lines[done.Dropped:]), text...))
	}
	return done, extend(f, data[:len(data)-torn], text)
}

func joined(lines []line) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		b.Write(l.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// extend writes a line behind what is whole, in one piece.
func extend(f *os.File, whole, text []byte) error {
	if err := f.Truncate(int64(len(whole))); err != nil {
		return err
	}
	if len(whole) > 0 && whole[len(whole)-1] != '\n' {
		text = append([]byte("\n"), text...)
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Truncate(int64(len(whole))))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return syncDir(f.Name())
}

// replace puts another content in the place of a file: whoever reads it sees the one or the other.
func replace(f *os.File, content []byte) (err error) {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(f.Name()), "."+filepath.Base(f.Name())+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(next.Name())
		}
	}()
	_, err = next.Write(content)
	if err = errors.Join(err, next.Chmod(info.Mode()&fs.ModePerm), next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), f.Name()); err != nil {
		return err
	}
	return syncDir(f.Name())
}

// syncDir flushes the name of a file to the disk.
func syncDir(file string) error {
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
