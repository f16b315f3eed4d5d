package results

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"regexp"
)

// How deep and how far Leaks looks into what is packed.
const (
	maxPacking  = 4         // gzip in base64 in JSON is 2
	maxUnpacked = 256 << 20 // bytes of one packed piece
)

// Leaks finds needles, such as a host name, a home directory or "PRIVATE KEY", in every file of fsys, members or
// not, in names and contents, also where they are packed by gzip, zlib or base64 or several of them. It gives one
// line per file and needle, in the order of names; nil where there is nothing to find.
func Leaks(fsys fs.FS, needles ...string) ([]string, error) {
	var found []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := read(fsys, name, maxMember)
		if err != nil {
			return err
		}
		data = append([]byte(name+"\n"), data...)
		for _, needle := range needles {
			if needle != "" && holds(data, []byte(needle), maxPacking) {
				found = append(found, fmt.Sprintf("%s: %q", name, needle))
			}
		}
		return nil
	})
	return found, err
}

func holds(data, needle []byte, depth int) bool {
	if bytes.Contains(data, needle) {
		return true
	}
	if depth == 0 {
		return false
	}
	for piece := range unpacked(data) {
		if holds(piece, needle, depth-1) {
			return true
		}
	}
	return false
}

// base64Text is long enough to hide a name.
var base64Text = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)

// unpacked yields all that could be packed in data, at any offset. What only looks packed gives garbage, in which
// nothing is found.
func unpacked(data []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for i := range data {
			if piece := inflate(data[i:]); len(piece) > 0 && !yield(piece) {
				return
			}
		}
		for _, text := range base64Text.FindAll(data, -1) {
			if len(text)%4 == 1 {
				text = text[:len(text)-1] // no encoding ends so
			}
			for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				piece, err := e.DecodeString(string(text))
				if err == nil && !yield(piece) {
					return
				}
			}
		}
	}
}

// inflate is what a gzip or zlib stream that begins with data holds, as far as it is whole.
func inflate(data []byte) []byte {
	var r io.Reader
	var err error
	switch {
	case len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b: // RFC 1952, section 2.3.1
		r, err = gzip.NewReader(bytes.NewReader(data))
	case len(data) > 2 && data[0] == 0x78 && (0x7800|int(data[1]))%31 == 0: // RFC 1950, section 2.2
		r, err = zlib.NewReader(bytes.NewReader(data))
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(r, maxUnpacked)) // up to the error
	return plain
}
