//go:build !linux

package standalone

import "os/exec"

// tie does nothing here: the child reads the end of its legacy and ends.
func tie(*exec.Cmd) {}
