package standalone

import (
	"os/exec"
	"syscall"
)

// tie makes the kernel kill the child when the thread that starts it ends, however it ends.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
