//go:build !linux

package lab

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// tryLock takes a lock on a file of the temporary directory; nil where somebody else holds it.
func tryLock() (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "tlslab-run.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		file.Close()
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return func() { file.Close() }, err
}
