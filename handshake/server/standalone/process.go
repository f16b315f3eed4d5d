package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const (
	stopTime = 5 * time.Second // for a child to end when it is told to, before it is killed
	hookTime = 5 * time.Second // for the hook, before it is killed
)

// end is how a child ended.
type end struct {
	how  string // "signal killed", "exit status 1"
	last Hello  // zero: it did not get as far
}

// child runs one child to its end. The error is one of this process.
func (w *watch) child(ctx context.Context, p past) (end, error) {
	cmd := exec.CommandContext(ctx, w.Child[0], w.Child[1:]...)
	cmd.Stderr = w.errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTime
	tie(cmd)
	stdout, bequest, err := w.start(cmd)
	if err != nil {
		return end{}, fmt.Errorf("start a child: %w", err)
	}
	defer bequest.Close() // while it is open the child knows that this process lives
	last := make(chan Hello, 1)
	go func() { last <- w.listen(stdout) }()
	_ = json.NewEncoder(bequest).Encode(legacy{w.Settings, p}) // a child that does not read it has ended
	_ = cmd.Wait()                                             // the state says more than the error
	stdout.SetReadDeadline(time.Now().Add(time.Second))        // somebody may have inherited the other end
	defer stdout.Close()
	return end{how(cmd.ProcessState), <-last}, nil
}

// start starts cmd between two pipes: what it says, and what it is told.
func (w *watch) start(cmd *exec.Cmd) (stdout, bequest *os.File, err error) {
	files, err := w.sockets.files()
	if err != nil {
		return nil, nil, err
	}
	defer func() { closeAll(files) }()
	stdout, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer out.Close()
	in, bequest, err := os.Pipe()
	if err != nil {
		stdout.Close()
		return nil, nil, err
	}
	defer in.Close()
	cmd.Stdout = out
	cmd.ExtraFiles = append([]*os.File{in}, files...)
	if err := cmd.Start(); err != nil {
		stdout.Close()
		bequest.Close()
		return nil, nil, err
	}
	return stdout, bequest, nil
}

func how(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return "exit status " + strconv.Itoa(state.ExitCode())
}

// tell runs the hook. The next child does not wait for it.
func (w *watch) tell(p past, generation uint64) {
	if w.Hook == "" {
		return
	}
	w.hooks.Go(func() {
		if err := runHook(w.Hook, p, generation, w.errs); err != nil {
			fmt.Fprintln(w.errs, "tlslab-server: exit hook:", err)
		}
	})
}

// runHook runs a shell command, and kills it with all that it started when it takes too long. What it prints goes to
// errs: standard output belongs to the hello.
func runHook(hook string, p past, generation uint64, errs io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), hookTime, errors.New("it took too long"))
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", hook)
	cmd.Stdout, cmd.Stderr = errs, errs
	cmd.Env = append(os.Environ(), "TLSLAB_EXIT="+p.LastExit, "TLSLAB_RESTARTS="+strconv.Itoa(p.Restarts))
	if generation != 0 {
		cmd.Env = append(cmd.Env, "TLSLAB_GENERATION="+strconv.FormatUint(generation, 10))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return nil
}
