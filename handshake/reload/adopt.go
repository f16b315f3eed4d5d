package reload

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// adopt reads the files, believes what [Pair.Identity] believes and hands the identity to swap, which makes handshakes
// be served with it. The book says what came of it; nothing is swapped where there is an error.
func (o *Options) adopt(swap func(*Identity)) error {
	began := time.Now()
	pair, err := o.Files.Load()
	if err != nil {
		o.Book.Settle(outcomeOf(err))
		return err
	}
	o.reach(Read)
	return o.believe(pair, began, swap)
}

// believe is [Options.adopt] for a pair that is in memory.
func (o *Options) believe(pair Pair, began time.Time, swap func(*Identity)) error {
	id, err := pair.Identity()
	if err != nil {
		o.Book.Settle(outcomeOf(err))
		return err
	}
	if o.Dress != nil {
		o.Dress(id.Certificate)
	}
	o.reach(Validated)
	swap(id)
	o.reach(Published)
	o.Book.Publish(id, began)
	o.reach(Journaled)
	return nil
}

func (o *Options) reach(p Point) {
	if o.At != nil {
		o.At(p)
	}
}

const (
	missing   = "a file is missing"
	mismatch  = "the key does not fit the certificate"
	watchLost = "the watch was lost"
)

// outcomeOf names why a reload came to nothing in words that a counter can bear: the text of an error has paths in it.
func outcomeOf(err error) Outcome {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Outcome{Failed, missing}
	case errors.As(err, &path):
		return Outcome{Failed, "a file could not be read"}
	case strings.Contains(err.Error(), "does not match"): // crypto/tls has no better sign of it
		return Outcome{Refused, mismatch}
	}
	return Outcome{Refused, "the files do not parse"}
}

// stat is os.Stat on a file system that may be slow.
func (s *Settings) stat(path string) (fs.FileInfo, error) {
	time.Sleep(s.SlowStat)
	return os.Stat(path)
}

// modified is when the certificate or the key was changed last, as polls see it: whatever has an older time, or the
// same, does not exist for them. It is zero where one of them cannot be looked at.
func (s *Settings) modified() (newest time.Time) {
	for _, path := range [...]string{s.Files.Certificate, s.Files.Key} {
		info, err := s.stat(path)
		if err != nil {
			return time.Time{}
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}
