package rotation

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ways are good rotations, each of them twice: a watch may not survive the first one.
func ways() []Injection {
	atOnce := injection("gap-at-start", "a rotation right after the process has been started", Rename, twice)
	atOnce.AtOnce = true
	return []Injection{
		injection("rename", "each file is renamed over", Rename, twice),
		injection("in-place", "each file is truncated and written", InPlace, twice),
		injection("symlink-swap", "the link ..data is swapped, as in a Kubernetes volume", Symlink, twice),
		injection("directory-swap", "the directory of the files is exchanged", Directory, twice),
		injection("hard-link", "each file is renamed over while a hard link to it remains", HardLink, twice),
		injection("open-descriptor", "each file is renamed over while somebody has it open", Descriptor, whileOpen),
		injection("linked-files", "each file becomes a link into an archive, as certbot has it", Rename, linked),
		injection("rm-recreate", "all files are removed and written anew at once", Rename, recreated),
		atOnce,
	}
}

func twice(s *script) {
	s.rotate("rotation")
	s.rotate("another rotation")
}

// whileOpen closes the old files only after the rotation has been looked at.
func whileOpen(s *script) {
	steps := s.Steps(s.next())
	closes := slices.IndexFunc(steps, func(s Step) bool { return s.Close })
	s.adopt("rotation, old files open", steps[:closes]...)
	s.nothing("old files closed", gap, steps[closes:]...)
	s.afterwards()
}

func linked(s *script) {
	for _, name := range []string{"rotation", "another rotation"} {
		s.adopt(name, s.link(s.next())...)
	}
}

// link keeps a generation in an archive and swaps a link for each of its files.
func (s *script) link(m Material) []Step {
	steps := []Step{{Name: "make archive", Do: func() error { return os.MkdirAll(s.path("archive"), 0o755) }}}
	for _, f := range m.parts() {
		kept := filepath.Join("archive", fmt.Sprintf("%d-%s", m.Generation, f.name))
		steps = append(steps,
			Step{Name: "write " + kept, Do: func() error { return f.write(s.path(kept)) }},
			s.symlink(kept, f.name))
	}
	for _, f := range m.parts() {
		steps = append(steps, s.renameNext(f.name))
	}
	return steps
}

// symlink makes a link beside a file.
func (s *script) symlink(to, name string) Step {
	return Step{Name: "link " + besideName(name), Do: func() error { return os.Symlink(to, s.path(besideName(name))) }}
}

func recreated(s *script) {
	m := s.next()
	s.adopt("removed and written", append(s.remove(), s.Steps(m)...)...)
	s.afterwards()
}

// times are good rotations whose new files do not look newer than the old ones.
func times() []Injection {
	return []Injection{
		injection("older-mtime", "new files that were last written an hour before the old ones", Rename, dated(-time.Hour)),
		injection("equal-mtime", "new files that were last written when the old ones were", Rename, dated(0)),
		injection("future-mtime", "new files that will be last written tomorrow, then a usual rotation", Rename, dated(24*time.Hour)),
	}
}

// dated rotates to files whose time of modification differs from the old ones' by so much, then to usual ones.
func dated(by time.Duration) func(*script) {
	return func(s *script) {
		m := s.next()
		var date []Step
		for _, f := range m.parts() {
			date = append(date, Step{Name: "date " + besideName(f.name), Do: func() error { return s.date(f.name, by) }})
		}
		s.adopt("rotation", beforeRename(s.Steps(m), date...)...)
		s.afterwards()
	}
}

func (s *script) date(name string, by time.Duration) error {
	old, err := os.Stat(s.path(name))
	if err != nil {
		return err
	}
	at := old.ModTime().Add(by)
	return os.Chtimes(s.path(besideName(name)), at, at)
}

// beforeRename inserts steps where new files lie beside the old ones still.
func beforeRename(steps []Step, more ...Step) []Step {
	first := slices.IndexFunc(steps, func(s Step) bool { return strings.HasPrefix(s.Name, "rename ") })
	return slices.Insert(steps, max(first, 0), more...)
}
