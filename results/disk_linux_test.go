package results

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	err = w.Put("profiles/std.pb.gz", make([]byte, 1<<20))
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != "write profiles/std.pb.gz: no space left on device" {
		t.Errorf("got %v", err)
	}
	if err := w.Block(block(0)); err != nil {
		t.Errorf("what was written of the profile still takes the room: %v", err)
	}
}

func TestNoPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	w, err := Create(dir, draft())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700) // so that the test's directory can be removed
	err = w.Put("bench.txt", nil)
	if !errors.Is(err, os.ErrPermission) || strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	if _, err := Create(dir+"/sub", draft()); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
}
