package reload

import (
	"errors"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stamp tells one state of a file from another one without reading it. The time of modification alone would not:
// writers set it to what they like, and a backup that is put back has an older one. Nobody can set the time of change.
type stamp struct {
	device, inode     uint64
	size              int64
	modified, changed unix.Timespec
	missing           syscall.Errno // why there is no file to look at; zero: there is one
}

func stampOf(s *unix.Stat_t) stamp {
	return stamp{uint64(s.Dev), s.Ino, s.Size, s.Mtim, s.Ctim, 0}
}

// stampAt looks at what a path leads to.
func stampAt(path string) stamp {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		var missing syscall.Errno
		errors.As(err, &missing)
		return stamp{missing: missing}
	}
	return stampOf(&s)
}

// sight is one look at the certificate, the key and the authorities.
type sight [3]stamp

func (f Files) paths() [3]string { return [3]string{f.Certificate, f.Key, f.Authorities} }

// look looks at the files; planted is how much longer each of them takes.
func (f Files) look(planted time.Duration) (s sight) {
	for i, path := range f.paths() {
		if path != "" {
			time.Sleep(planted)
			s[i] = stampAt(path)
		}
	}
	return s
}

// changed is when the newest of the files has become what it is, by the clock of its file system.
func (s sight) changed() (newest time.Time) {
	for _, file := range s {
		if at := time.Unix(file.changed.Unix()); at.After(newest) {
			newest = at
		}
	}
	return newest
}

// holders are the directories in which something has to change for a path to lead elsewhere: that of the path, those
// of the symbolic links on its way, and that of the file where it ends.
func holders(path string) (directories []string) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	for range mostLinks {
		directories = append(directories, filepath.Dir(path))
		link, target := lastLink(path)
		if link == "" {
			return directories
		}
		directories = append(directories, filepath.Dir(link))
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(link), target)
		}
		path = filepath.Join(target, path[len(link):])
	}
	return directories
}

// mostLinks is how many symbolic links Linux follows in one path.
const mostLinks = 40

// lastLink is the longest beginning of a path that is a symbolic link, and where that leads; empty: there is none.
func lastLink(path string) (link, target string) {
	buffer := make([]byte, unix.PathMax)
	for ; path != filepath.Dir(path); path = filepath.Dir(path) {
		if n, err := unix.Readlink(path, buffer); err == nil {
			return path, string(buffer[:n])
		}
	}
	return "", ""
}
