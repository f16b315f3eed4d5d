package spiffe

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
)

// longest is how many bytes the path of a unix socket may have (sun_path in unix(7) and unix(4), less its final zero).
func longest() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

func checkLength(path string) error {
	if len(path) <= longest() {
		return nil
	}
	return fmt.Errorf("socket %s: its path has %d bytes, and the system takes %d at most; put it into a folder nearer to the root, such as one of os.MkdirTemp(\"\", ...)",
		path, len(path), longest())
}

// listen makes the socket, for its owner only, and the folder that it is in where that is missing. A socket that an
// agent left behind is replaced; one that somebody serves, or another file, is not.
func listen(path string) (*net.UnixListener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := clearPath(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func clearPath(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("socket %s: there is another file of this name", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return fmt.Errorf("socket %s: somebody serves it", path)
	}
	return os.Remove(path)
}
