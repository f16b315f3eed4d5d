package scorecard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
)

const (
	readyTime = 10 * time.Second // from the start of a server to its first handshake
	tellTime  = 10 * time.Second // for a command to reload
)

// process is a target that runs in a room.
type process struct {
	target Target
	room   *room
	cmd    *exec.Cmd
	stderr *tail
	ended  chan struct{}
	err    error // valid once it has ended
}

// launch starts the target, in a process group of its own.
func launch(t Target, r *room) (*process, error) {
	if t.Config != "" {
		text, err := fill(t.Config, r.words)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(r.words["config"], []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	command, err := fillAll(t.Command, r.words)
	if err != nil {
		return nil, err
	}
	env, err := fillAll(t.Env, r.words)
	if err != nil {
		return nil, err
	}
	p := &process{target: t, room: r, stderr: &tail{}, ended: make(chan struct{})}
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.stderr, p.stderr
	p.cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	if err := variant.StartPinned(p.cmd, nil); err != nil {
		return nil, &variant.Error{Err: fmt.Errorf("starting %s: %w", t.Name, err), Hint: "the command is a program and its arguments; a shell's words want sh -c '...'"}
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// start launches the target and waits for its first handshake.
func start(ctx context.Context, t Target, r *room) (*process, error) {
	p, err := launch(t, r)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// ready waits until every plane of the server has completed a handshake.
func (p *process) ready(ctx context.Context) error {
	for _, plane := range p.room.planes(p.target) {
		if err := p.answers(ctx, plane); err != nil {
			return err
		}
	}
	return nil
}

func (p *process) answers(ctx context.Context, on plane) error {
	limit := time.After(readyTime)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		seen := on.probe(ctx, time.Now())
		if seen.Reason == "" {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			return p.mute("ended: " + p.death())
		case <-limit:
			return p.mute(fmt.Sprintf("completed no handshake on %s within %v (%s): %s", on.address, readyTime, seen.Reason, p.stderr.words()))
		}
	}
}

func (p *process) mute(why string) error {
	return &variant.Error{
		Err:  errors.New(p.target.Name + " " + why),
		Hint: "it must stay in the foreground, listen on {address}, and serve {cert} and {key} by TLS 1.3",
	}
}

// death is how the process ended.
func (p *process) death() string {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	if words := p.stderr.words(); words != "" {
		how += ": " + words
	}
	return how
}

// died is how the process ended by itself; empty: it has not.
func (p *process) died() string {
	select {
	case <-p.ended:
		return p.death()
	default:
		return ""
	}
}

// kill ends the process and all that it started, and returns when it has ended.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // who was being forked
}

// tell makes the server reload: by its command, else over its admin socket. What it answers is empty where it agrees.
func (p *process) tell(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	if len(p.target.Reload) > 0 {
		return p.run(ctx, p.target.Reload)
	}
	answer, err := p.ask(ctx, "RELOAD TLS")
	switch {
	case err != nil:
		return err.Error()
	case len(answer) >= 2 && answer[:2] == "OK":
		return ""
	}
	return answer
}

// run runs a command of the target's and says why it failed.
func (p *process) run(ctx context.Context, command []string) string {
	p.room.words["pid"] = strconv.Itoa(p.cmd.Process.Pid)
	words, err := fillAll(command, p.room.words)
	if err != nil {
		return err.Error()
	}
	said := &tail{}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = said, said, time.Second
	if err := variant.StartPinned(cmd, nil); err != nil {
		return err.Error()
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Sprintf("%v: %s", err, said.words())
	}
	return ""
}
