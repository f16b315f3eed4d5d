package reload

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	mostBytes = 1 << 20 // of one file
	readTries = 3       // for files that change while they are read
)

// digest is the content of a [Pair].
type digest [sha256.Size]byte

func (p Pair) digest() (d digest) {
	h := sha256.New()
	for _, text := range [][]byte{p.Certificate, p.Key, p.Authorities} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write(text)
	}
	return digest(h.Sum(nil))
}

// content is what was in the files at one time.
type content struct {
	pair   Pair
	digest digest
	sight  sight // the same before and after they were read
	open   error // why the key is not believed whatever it is: somebody else may read or write it
}

// readStable reads the files as they were together at one time. The content has its sight even if that fails.
func (f Files) readStable(slow time.Duration) (c content, err error) {
	c.sight = f.look(slow)
	for range readTries {
		forgetting(func() { err = c.read(f) })
		after := f.look(slow)
		if after == c.sight && !errors.Is(err, errMoved) {
			return c, err
		}
		clear(c.pair.Key)
		c = content{sight: after}
	}
	return c, failed("the files kept changing", err)
}

// read reads each file, as long as it is the one that was looked at.
func (c *content) read(f Files) (err error) {
	if c.pair.Certificate, _, err = readFile(f.Certificate, c.sight[0]); err != nil {
		return err
	}
	var key *unix.Stat_t
	if c.pair.Key, key, err = readFile(f.Key, c.sight[1]); err != nil {
		return err
	}
	if c.open = private(key); c.open == nil {
		c.open = sheltered(f.Key)
	}
	if f.Authorities != "" {
		if c.pair.Authorities, _, err = readFile(f.Authorities, c.sight[2]); err != nil {
			return err
		}
	}
	c.digest = c.pair.digest()
	return nil
}

// errMoved is of a file that is no longer the one that was looked at.
var errMoved = errors.New("the file has changed since it was looked at")

// readFile reads a file that has to have a stamp. It never waits: a FIFO is opened without a writer, and refused. The
// buffer is of the file's size from the beginning, so that growing leaves no copies of a key behind.
func readFile(path string, want stamp) ([]byte, *unix.Stat_t, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, failed("a file is missing", err)
	}
	if err != nil {
		return nil, nil, failed("a file could not be read", err)
	}
	defer file.Close()
	var s unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &s); err != nil {
		return nil, nil, failed("a file could not be read", err)
	}
	switch {
	case s.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, nil, failed("not a regular file", errors.New(path))
	case s.Size > mostBytes:
		return nil, nil, failed("a file is too large", fmt.Errorf("%s has %d bytes", path, s.Size))
	case stampOf(&s) != want:
		return nil, nil, errMoved
	}
	text := make([]byte, s.Size)
	if _, err := io.ReadFull(file, text); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil, nil, errMoved
	} else if err != nil {
		return nil, nil, failed("a file could not be read", err)
	}
	return text, &s, nil
}

// Modes are judged by their bits and not by trying, for root may read everything.
const (
	exposed  = 0o026 // group may write, others may read or write; that a group reads is how a proxy gets its keys
	writable = 0o002
)

// private says why a key's file is not its owner's alone.
func private(s *unix.Stat_t) error {
	if s.Mode&exposed != 0 {
		return refused("others may read or write the key", fmt.Errorf("mode %04o", s.Mode&0o7777))
	}
	if s.Uid != 0 && int(s.Uid) != syscall.Geteuid() {
		return refused("the key belongs to somebody else", fmt.Errorf("uid %d", s.Uid))
	}
	return nil
}

// sheltered says why anybody could put another key in the place of one: in the directory of its path, or in that
// where the path ends.
func sheltered(key string) error {
	directories := []string{filepath.Dir(key)}
	if end, err := filepath.EvalSymlinks(key); err == nil {
		directories = append(directories, filepath.Dir(end))
	}
	for _, directory := range directories {
		var s unix.Stat_t
		if err := unix.Stat(directory, &s); err != nil {
			return failed("a file could not be read", fmt.Errorf("stat %s: %w", directory, err))
		}
		if s.Mode&writable != 0 && s.Mode&unix.S_ISVTX == 0 {
			return refused("others may replace the key", fmt.Errorf("mode %04o of %s", s.Mode&0o7777, directory))
		}
	}
	return nil
}
