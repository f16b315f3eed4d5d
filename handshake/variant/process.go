package variant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
)

// StopTime is how long a server has to stop before it is killed.
const StopTime = time.Second

// Options say how a server is run.
type Options struct {
	Env        map[string]string // all of its environment: nothing of the tool's own reaches it
	CPUs       []int             // to bind it to; nil: not bound
	GOMAXPROCS int               // zero: Go's default, unless Env sets it
	Settings   server.Settings
	Timeout    time.Duration // from its start to its hello; zero: 10 s
}

// Process is a running server that has said hello. It lives until it is stopped, its context ends, or this process
// dies: then it reads the end of its input, and on Linux the kernel kills it.
//
// Requests are answered one at a time. One that is given up (its context ended) kills the server, for the answer
// that is still to come would be taken for the next one's.
type Process struct {
	cmd      *exec.Cmd
	stdin    io.WriteCloser
	stderr   *transcript
	hello    server.Hello
	life     context.Context
	kill     context.CancelCauseFunc // the cause is why this process killed the server
	turn     chan struct{}           // holds one request
	replies  chan server.Reply
	stopping atomic.Bool
	done     chan struct{}
	err      error // valid after done
}

// Start starts a server and waits for its hello. Ending ctx kills the server, now or later.
//
// The error is an [*Error] where the server cannot run here and there is a remedy: an executable that this machine
// does not start, a port that is taken. Otherwise it is not: a server that ended by itself yields [ErrCrashed] with
// its last words, and one that this process had to kill, for example because it said no hello in time, the reason.
func Start(ctx context.Context, bin Binary, o Options) (*Process, error) {
	if bin.SBOM.SHA256 != "" {
		if err := bin.unchanged(); err != nil {
			return nil, err
		}
	}
	p, err := launch(ctx, bin.Path, o)
	if err != nil {
		return nil, err
	}
	if err := p.greet(ctx, o); err != nil {
		p.kill(err)
		<-p.done
		return nil, err
	}
	return p, nil
}

// launch starts the executable with its pipes and follows it.
func launch(ctx context.Context, path string, o Options) (*Process, error) {
	life, kill := context.WithCancelCause(ctx)
	p := &Process{
		cmd: exec.CommandContext(life, path), life: life, kill: kill,
		turn: make(chan struct{}, 1), replies: make(chan server.Reply, 1), done: make(chan struct{}),
	}
	p.cmd.Env = o.environment()
	stdout, err := p.start(o.CPUs)
	if err != nil {
		kill(err)
		return nil, unstartable(err)
	}
	go p.follow(stdout)
	return p, nil
}

// unstartable is why the executable does not start, with the hint of the cause if it has one.
func unstartable(err error) error {
	var with *Error
	if !errors.As(err, &with) {
		const hint = "servers run from the cache: if its file system forbids that, set TLSLAB_CACHE to another directory"
		err = &Error{err, cmp.Or(remedy(err.Error()), hint)}
	}
	return fmt.Errorf("starting the server: %w", err)
}

// environment is Env and GOMAXPROCS, in one order; never nil, which would mean the parent's.
func (o Options) environment() []string {
	env := []string{}
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		env = append(env, name+"="+o.Env[name])
	}
	if o.GOMAXPROCS > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(o.GOMAXPROCS)) // the last one counts
	}
	return env
}

// start makes the three pipes and starts the process.
func (p *Process) start(cpus []int) (stdout *os.File, err error) {
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer out.Close()
	stderr, errs, err := os.Pipe()
	if err != nil {
		stdout.Close()
		return nil, err
	}
	defer errs.Close()
	p.stderr = &transcript{pipe: stderr}
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	if err := StartPinned(p.cmd, cpus); err != nil {
		stdout.Close()
		stderr.Close()
		return nil, err
	}
	return stdout, nil
}

// detach gives cmd a process group of its own.
func detach(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// follow hands out the replies, then how the server ended. What the server wrote before its end is read to the last
// byte; nobody who may have inherited its pipes keeps this waiting.
func (p *Process) follow(stdout *os.File) {
	var readers sync.WaitGroup
	exited := make(chan struct{})
	readers.Go(p.stderr.follow)
	readers.Go(func() {
		defer stdout.Close()
		p.listen(stdout)
		p.expect(exited, errors.New("it closed its output but did not exit"))
	})
	_ = p.cmd.Wait() // the state says more than the error
	close(exited)
	limit := time.Now().Add(StopTime)
	_ = errors.Join(stdout.SetReadDeadline(limit), p.stderr.pipe.SetReadDeadline(limit)) // closed: read already
	readers.Wait()
	p.err = p.ended()
	p.kill(nil) // releases the context
	close(p.done)
}

// expect kills the server for the cause unless the event comes within StopTime.
func (p *Process) expect(event <-chan struct{}, cause error) {
	select {
	case <-event:
	case <-time.After(StopTime):
		p.kill(cause)
	}
}

// listen hands out replies until the server's output ends. What nobody asked for, and what is no reply, kills it.
func (p *Process) listen(stdout io.Reader) {
	for lines := json.NewDecoder(stdout); ; {
		var r server.Reply
		switch err := lines.Decode(&r); {
		case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrDeadlineExceeded):
			return // it has ended, perhaps within a line
		case err != nil:
			p.kill(fmt.Errorf("its output is not the protocol: %w", err))
			return
		}
		select {
		case p.replies <- r:
		default:
			p.kill(errors.New("it replied without a request"))
			return
		}
	}
}

// ended says how the process ended; nil if it did so because it was asked to.
func (p *Process) ended() error {
	status, _ := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	cause := context.Cause(p.life)
	switch {
	case status.Signaled() && cause != nil:
		return fmt.Errorf("server was killed: %w", cause)
	case status.Signaled():
		return fmt.Errorf("%w: killed by signal %d", ErrCrashed, status.Signal())
	case status.ExitStatus() != 0:
		return fmt.Errorf("%w: exit status %d", ErrCrashed, status.ExitStatus())
	case !p.stopping.Load():
		return fmt.Errorf("%w: it exited before it was asked to", ErrCrashed)
	}
	return nil
}

// greet sends the settings and takes the hello.
func (p *Process) greet(ctx context.Context, o Options) error {
	limit := o.Timeout
	if limit == 0 {
		limit = 10 * time.Second
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no hello within %v", limit))
	defer cancel()
	reply, err := p.exchange(ctx, "start", o.Settings)
	switch {
	case err != nil:
		return err
	case reply.Hello == nil:
		return errors.New("server answered its settings without a hello")
	}
	p.hello = *reply.Hello
	return nil
}

// exchange sends one line and takes its reply. It returns when ctx or the server ends, whatever the server does.
func (p *Process) exchange(ctx context.Context, name string, request any) (server.Reply, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return server.Reply{}, fmt.Errorf("server: %s: %w", name, err)
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-p.done:
		return server.Reply{}, p.died(name)
	case <-ctx.Done():
		return server.Reply{}, fmt.Errorf("server: %s: %w", name, context.Cause(ctx))
	}
	go p.send(line)
	select {
	case r := <-p.replies:
		return p.check(name, r)
	case <-p.done:
		return p.lastReply(name)
	case <-ctx.Done():
		p.kill(fmt.Errorf("it did not answer to %s: %w", name, context.Cause(ctx)))
		return server.Reply{}, p.explain(fmt.Errorf("server did not answer to %s: %w", name, context.Cause(ctx)))
	}
}

// send writes a line. A server that is alive and does not read will never answer.
func (p *Process) send(line []byte) {
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		p.expect(p.done, fmt.Errorf("it does not read its input: %w", err))
	}
}

// lastReply is the reply of a server that died right after it, else why it died.
func (p *Process) lastReply(name string) (server.Reply, error) {
	select {
	case r := <-p.replies:
		return p.check(name, r)
	default:
		return server.Reply{}, p.died(name)
	}
}

// check makes an error of a reply that is one.
func (p *Process) check(name string, r server.Reply) (server.Reply, error) {
	if r.Error != "" {
		return r, advise(fmt.Errorf("server: %s: %s", name, r.Error), r.Error)
	}
	return r, nil
}

// died is why a request has no reply: how the server ended.
func (p *Process) died(name string) error {
	err := p.err
	if err == nil {
		err = errors.New("server has stopped")
	}
	return p.explain(fmt.Errorf("%s: %w", name, err))
}

// explain adds the server's last words to an error, and a remedy where there is one.
func (p *Process) explain(err error) error {
	text := p.stderr.String()
	causes := err.Error() + "\n" + text
	if words := lastWords(text); words != "" {
		err = fmt.Errorf("%w: %s", err, words)
	}
	return advise(err, causes)
}

// advise makes an [*Error] of err if what the server said has a remedy.
func advise(err error, said string) error {
	if hint := remedy(said); hint != "" {
		return &Error{err, hint}
	}
	return err
}

// Hello is what the server said of itself when it began.
func (p *Process) Hello() server.Hello { return p.hello }

// PID is the server's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the server has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the server ended, signal or exit status; nil while it runs, and if it stopped because it was asked to.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Stderr is what the server wrote to stderr until now: the first and the last 32 KiB.
func (p *Process) Stderr() string { return p.stderr.String() }

// Begin begins a measured stretch.
func (p *Process) Begin(ctx context.Context) error {
	_, err := p.request(ctx, "begin")
	return err
}

// End ends the stretch and returns what the server counted.
func (p *Process) End(ctx context.Context) (server.Report, error) {
	reply, err := p.request(ctx, "end")
	switch {
	case err != nil:
		return server.Report{}, err
	case reply.Report == nil:
		return server.Report{}, errors.New("server: end: no report")
	}
	return *reply.Report, nil
}

// StartProfiles starts CPU profiles of the server, back to back, each as long as the window; zero: one until it is
// stopped.
func (p *Process) StartProfiles(ctx context.Context, window time.Duration) error {
	_, err := p.ask(ctx, server.Request{Do: "profile-start", Window: window})
	return err
}

// StopProfiles ends the CPU profiles and returns them in order: each is pprof, gzipped protobuf.
func (p *Process) StopProfiles(ctx context.Context) ([]server.Profile, error) {
	reply, err := p.request(ctx, "profile-stop")
	return reply.Profiles, err
}

// StartTrace starts an execution trace of the server, which ends by itself when it is larger than limit bytes; zero:
// the server's own limit.
func (p *Process) StartTrace(ctx context.Context, limit int) error {
	_, err := p.ask(ctx, server.Request{Do: "trace-start", Bytes: limit})
	return err
}

// StopTrace ends the execution trace and returns it, for package results/exectrace.
func (p *Process) StopTrace(ctx context.Context) (server.Trace, error) {
	reply, err := p.request(ctx, "trace-stop")
	switch {
	case err != nil:
		return server.Trace{}, err
	case reply.Trace == nil:
		return server.Trace{}, errors.New("server: trace-stop: no trace")
	}
	return *reply.Trace, nil
}

// Plant makes the server add a delay or a burn to its handshakes from now on, in the place of what it added before;
// nil: nothing any more. What grew is in the report of [Process.End].
func (p *Process) Plant(ctx context.Context, plant *server.Plant) error {
	_, err := p.ask(ctx, server.Request{Do: "plant", Plant: plant})
	return err
}

// Reload tells the server's reload strategy to load its files. A strategy that takes no commands, or does not believe
// the files, is an error of a server that lives on.
func (p *Process) Reload(ctx context.Context) error {
	_, err := p.request(ctx, "reload")
	return err
}

func (p *Process) request(ctx context.Context, do string) (server.Reply, error) {
	return p.ask(ctx, server.Request{Do: do})
}

func (p *Process) ask(ctx context.Context, r server.Request) (server.Reply, error) {
	return p.exchange(ctx, r.Do, r)
}

// Stop asks the server to stop and kills it if it has not within [StopTime], or when ctx ends. The server has ended
// when Stop returns; the error is that of [Process.Err].
func (p *Process) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, StopTime, fmt.Errorf("it did not stop within %v", StopTime))
	defer cancel()
	p.stopping.Store(true)
	_, _ = p.request(ctx, "stop") // a server that exits without a word has stopped too
	_ = p.stdin.Close()           // exec closes it as well once the server has ended
	select {
	case <-p.done:
	case <-ctx.Done():
		p.kill(context.Cause(ctx))
		<-p.done
	}
	return p.err
}
