package reload

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// state is a directory of committed generations; empty: none. It outlives the process:
//
//	current -> gen-8
//	gen-7/{tls.crt,tls.key,ca.crt}
//	gen-8/{tls.crt,tls.key,ca.crt}
//
// The numbers count commits. A generation is written completely and on the disk before current leads to it, and
// current leads to it before the first handshake shows it: wherever the process dies, and whatever becomes of the
// files that it follows, the next one finds nothing older than what was served.
type state string

const (
	current = "current"
	prefix  = "gen-"
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

func (s state) path(elements ...string) string {
	return filepath.Join(append([]string{string(s)}, elements...)...)
}

func (s state) files(generation string) Files {
	return Files{
		Certificate: s.path(generation, "tls.crt"),
		Key:         s.path(generation, "tls.key"),
		Authorities: s.path(generation, "ca.crt"),
	}
}

// load reads the current generation.
func (s state) load() (Pair, error) {
	if s == "" {
		return Pair{}, errors.New("there is no state")
	}
	generation, err := os.Readlink(s.path(current))
	if errors.Is(err, os.ErrNotExist) {
		return Pair{}, errors.New("nothing was committed")
	}
	if err != nil {
		return Pair{}, err
	}
	files := s.files(generation)
	if _, err := os.Stat(files.Authorities); errors.Is(err, os.ErrNotExist) {
		files.Authorities = ""
	}
	c, err := files.readStable(0)
	return c.pair, err
}

// commit makes p the current generation, and keeps the one before.
func (s state) commit(p Pair) error {
	if s == "" {
		return nil
	}
	before, _ := os.Readlink(s.path(current)) // empty: this is the first one
	newest, err := s.newest()
	if err != nil {
		return err
	}
	generation := prefix + strconv.Itoa(newest+1)
	if err = s.write(generation, p); err == nil {
		err = s.lead(generation)
	}
	if err != nil {
		s.prune(before)
		return err
	}
	s.prune(before, generation)
	return nil
}

// newest is the highest number that was taken, also by a commit that was not finished.
func (s state) newest() (newest int, err error) {
	entries, err := os.ReadDir(string(s))
	for _, entry := range entries {
		number, _ := strings.CutPrefix(entry.Name(), prefix)
		if n, err := strconv.Atoi(number); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, err
}

// write puts a generation on the disk. The files go side by side: a journal takes them all in one go.
func (s state) write(generation string, p Pair) error {
	if err := os.Mkdir(s.path(generation), 0o700); err != nil {
		return err
	}
	paths, errs := s.files(generation).paths(), [3]error{}
	var writing sync.WaitGroup
	for i, text := range [][]byte{p.Certificate, p.Key, p.Authorities} {
		if text != nil {
			writing.Go(func() { errs[i] = writeSynced(paths[i], text) })
		}
	}
	writing.Wait()
	return errors.Join(append(errs[:], syncDir(s.path(generation)))...)
}

// lead makes current lead to a generation.
func (s state) lead(generation string) error {
	next := s.path(current + ".next")
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(generation, next); err != nil {
		return err
	}
	if err := os.Rename(next, s.path(current)); err != nil {
		return err
	}
	return syncDir(string(s))
}

// prune removes all generations but some. One that stays costs a few kilobytes, and is removed another time.
func (s state) prune(keep ...string) {
	entries, _ := os.ReadDir(string(s))
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, prefix) && !slices.Contains(keep, name) {
			os.RemoveAll(s.path(name))
		}
	}
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
