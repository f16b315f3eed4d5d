package reload

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// state is a directory that holds the committed generation; empty: none. It outlives the process:
//
//	current    one file: a line with the lengths, then certificate, key and authorities, PEM
//
// It is written beside its place and on the disk before it is renamed, and renamed before the first handshake shows
// it: wherever the process dies, and whatever becomes of the files that it follows, the next one finds nothing older
// than what was served. It is one file and not three because each that is flushed to the disk keeps a processor from
// the handshakes for as long as the disk takes.
type state string

const (
	current = "current"
	pending = "current.next"

	lengths  = "tlslab state 1: %d %d %d\n" // of the three; -1: there is none
	mostHead = 128                          // bytes of that line
)

// openState makes the directory if there is none. It must be its owner's alone.
func openState(dir string) (state, error) {
	if dir == "" {
		return "", nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("state %s: others may enter it: mode %04o", dir, info.Mode().Perm())
	}
	return state(dir), nil
}

func (s state) path(name string) string { return filepath.Join(string(s), name) }

// load reads the committed generation.
func (s state) load() (Pair, error) {
	if s == "" {
		return Pair{}, errors.New("there is no state")
	}
	text, _, err := readFile(s.path(current), stampAt(s.path(current)))
	if errors.Is(err, os.ErrNotExist) {
		return Pair{}, errors.New("nothing was committed")
	}
	if err != nil {
		return Pair{}, err
	}
	return unpack(text)
}

// unpack takes a committed generation apart.
func unpack(text []byte) (p Pair, err error) {
	var certificate, key, authorities int
	head, rest, _ := bytes.Cut(text, []byte("\n"))
	if len(head) > mostHead {
		return Pair{}, errors.New("the state is no state")
	}
	if _, err := fmt.Sscanf(string(head)+"\n", lengths, &certificate, &key, &authorities); err != nil {
		return Pair{}, errors.New("the state is no state")
	}
	for _, part := range []struct {
		length int
		into   *[]byte
	}{{certificate, &p.Certificate}, {key, &p.Key}, {authorities, &p.Authorities}} {
		if part.length < 0 {
			continue
		}
		if part.length > len(rest) {
			return Pair{}, errors.New("the state is cut off")
		}
		*part.into, rest = rest[:part.length:part.length], rest[part.length:]
	}
	return p, nil
}

// commit makes p what the state holds.
func (s state) commit(p Pair) error {
	if s == "" {
		return nil
	}
	if len(p.Certificate)+len(p.Key)+len(p.Authorities) > mostBytes-mostHead {
		return fmt.Errorf("more than the %d bytes that a state may have", mostBytes-mostHead)
	}
	if err := s.write(p); err != nil {
		return err
	}
	if err := os.Rename(s.path(pending), s.path(current)); err != nil {
		return err
	}
	return syncDir(string(s))
}

// write puts p beside its place, on the disk. Nothing but p itself ever holds its key.
func (s state) write(p Pair) error {
	f, err := os.OpenFile(s.path(pending), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, lengths, lengthOf(p.Certificate), lengthOf(p.Key), lengthOf(p.Authorities))
	for _, part := range [][]byte{p.Certificate, p.Key, p.Authorities} {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func lengthOf(part []byte) int {
	if part == nil {
		return -1
	}
	return len(part)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
