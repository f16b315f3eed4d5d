package variant

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// CanPin says whether [StartPinned] binds a process to CPUs on this system.
const CanPin = true

// StartPinned starts cmd bound to cpus (numbers as in /proc/cpuinfo; none: not bound) and in a process group of its
// own, so that Ctrl-C at a terminal reaches the parent only. When the parent dies, however it dies, the kernel kills
// the child. The binding holds from the child's first instruction: its runtime counts these CPUs and no others.
//
// The kernel ties the child's life to the thread that started it, not to the process (golang/go#27505). So that
// thread is kept: it waits, locked to its goroutine, until the child has ended.
func StartPinned(cmd *exec.Cmd, cpus []int) error {
	detach(cmd)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := startOn(cmd, cpus)
		started <- err
		if err == nil {
			awaitExit(cmd.Process.Pid)
		}
	}()
	return <-started
}

// startOn starts cmd from the calling thread, bound to cpus for that moment: a child inherits its thread's binding.
func startOn(cmd *exec.Cmd, cpus []int) error {
	if len(cpus) == 0 {
		return cmd.Start()
	}
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("reading the CPUs that are allowed: %w", err)
	}
	if err := bind(cpus, &before); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before) // a tidy thread only: it runs nothing else
	return cmd.Start()
}

// bind binds the calling thread. The kernel drops CPUs that the process may not use as long as one is left, so each
// is looked for among the allowed ones first.
func bind(cpus []int, allowed *unix.CPUSet) error {
	const hint = "`taskset -p $$` shows what is allowed; a container or cpuset may forbid the rest"
	var set unix.CPUSet
	for _, cpu := range cpus {
		if !allowed.IsSet(cpu) {
			return &Error{fmt.Errorf("cannot pin to CPUs %v: this process may not use CPU %d", cpus, cpu), hint}
		}
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return &Error{fmt.Errorf("cannot pin to CPUs %v: %w", cpus, err), hint}
	}
	return nil
}

// awaitExit returns once the child has ended, and leaves its exit status to whoever waits for it: WNOWAIT. An error
// other than an interruption means that the status was taken already.
func awaitExit(pid int) {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			return
		}
	}
}
