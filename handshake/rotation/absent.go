package rotation

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// absences are files that are not there, or are no files.
func absences() []Injection {
	return []Injection{
		injection("missing-2s", "all files are removed and come back after 2 s", Rename, missing(2*time.Second)),
		injection("missing-30s", "all files are removed and come back after 30 s", Rename, missing(30*time.Second)),
		injection("directory", "the certificate is a directory", Rename, directoryInstead),
		injection("fifo", "the certificate is a FIFO that nobody writes to", Rename, fifoInstead),
		injection("dangling-link", "the certificate is a link to nothing", Rename, linkInstead("nothing")),
		injection("link-loop", "the certificate is a link to itself", Rename, linkInstead(certificateFile)),
	}
}

func missing(hold time.Duration) func(*script) {
	return func(s *script) {
		s.nothing("removed", hold, s.remove()...)
		s.rotate("written again")
		s.afterwards()
	}
}

// remove removes the files that the server was given.
func (s *script) remove() (steps []Step) {
	for _, name := range []string{certificateFile, keyFile, authoritiesFile} {
		steps = append(steps, Step{Name: "remove " + name, Do: func() error { return os.Remove(s.path(name)) }})
	}
	return steps
}

func directoryInstead(s *script) {
	remove := Step{Name: "remove " + certificateFile, Do: func() error { return os.Remove(s.path(certificateFile)) }}
	s.nothing("a directory", watched, remove,
		Step{Name: "make " + certificateFile, Do: func() error { return os.Mkdir(s.path(certificateFile), 0o755) }})
	s.adopt("a good rotation", append([]Step{remove}, s.Steps(s.next())...)...)
}

// fifoInstead blocks whoever opens the file to read it and does not say that it must not.
func fifoInstead(s *script) {
	beside := besideName(certificateFile)
	s.nothing("a FIFO", watched,
		Step{Name: "make " + beside, Do: func() error { return unix.Mkfifo(s.path(beside), 0o644) }},
		s.renameNext(certificateFile))
	s.afterwards()
}

func linkInstead(to string) func(*script) {
	return func(s *script) {
		s.nothing("a link", watched, s.symlink(to, certificateFile), s.renameNext(certificateFile))
		s.afterwards()
	}
}
