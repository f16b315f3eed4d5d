//go:build !linux

package variant

import "os/exec"

// CanPin says whether [StartPinned] binds a process to CPUs on this system.
const CanPin = false

// StartPinned starts cmd in a process group of its own. This system binds no process to CPUs, so cpus is ignored
// (see [CanPin]), and does not end the child with its parent: the child must read the end of its input.
func StartPinned(cmd *exec.Cmd, _ []int) error {
	detach(cmd)
	return cmd.Start()
}
