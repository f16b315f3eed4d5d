package reload

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What inotify tells of the ways to replace a file is what decides about a reloader that watches files: there is
// nothing in it that notifyShipped takes up where the old file lives on, or where a directory takes another's place.
func TestWatchedFiles(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(shelf)
		want   []string
	}{
		{"in-place", func(s shelf) { s.write(2) }, []string{"write"}},
		{"rename", func(s shelf) { s.rename(2) }, []string{"chmod", "remove"}},
		{"hard-link", func(s shelf) { s.link(2) }, []string{"chmod"}},
		{"open-descriptor", func(s shelf) { s.hold(2) }, []string{"chmod"}},
		{"directory-swap", func(s shelf) { s.moveDirectory(2) }, nil},
		{"moved away", func(s shelf) { s.must(os.Rename(s.Files.Key, s.Files.Key+".old")) }, []string{"rename"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newShelf(t, 1)
			if got := told(s, func() { test.change(s) }); !slices.Equal(got, test.want) {
				t.Errorf("told %q, want %q", got, test.want)
			}
		})
	}
}

// told is the kinds of the events of the certificate and the key, up to that of a third file which is written last.
func told(s shelf, change func()) (kinds []string) {
	marker := filepath.Join(s.TempDir(), "marker")
	s.must(os.WriteFile(marker, nil, 0o600))
	s.must(feeding(s.Context(), func(_ context.Context, f feed) error {
		for _, path := range []string{s.Files.Certificate, s.Files.Key, marker} {
			s.must(f.watch(path))
		}
		change()
		s.must(os.WriteFile(marker, []byte("."), 0o600))
		for e := range f.events {
			if e.Name == marker {
				break
			}
			kinds = append(kinds, kind(e))
		}
		return nil
	}))
	slices.Sort(kinds)
	return slices.Compact(kinds)
}
