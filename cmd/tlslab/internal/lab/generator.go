package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
)

// GenerateCommand is the tool's hidden command that runs one [loadgen.Job].
const GenerateCommand = "generate"

// generator is the child process that makes the load: the tool itself, so always the same build, with an
// environment of its own, so never under a variant's GODEBUG.
type generator struct {
	job    loadgen.Job
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	lines  chan line
}

type line struct {
	text []byte
	err  error
}

// startGenerator starts the child. The baton is the two pipe ends that it inherits where it takes turns.
func startGenerator(ctx context.Context, tool string, cpus []int, job loadgen.Job, baton ...*os.File) (*generator, error) {
	g := &generator{job: job, cmd: exec.CommandContext(ctx, tool, GenerateCommand), lines: make(chan line)}
	g.cmd.Env = []string{}
	g.cmd.Stderr, g.cmd.ExtraFiles = &g.stderr, baton
	var err error
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.out = bufio.NewReader(out)
	if err := variant.StartPinned(g.cmd, cpus); err != nil {
		return nil, fmt.Errorf("start the load generator: %w", err)
	}
	go g.read()
	if err := json.NewEncoder(g.in).Encode(job); err != nil {
		return nil, g.fault(err)
	}
	return g, nil
}

func (g *generator) read() {
	defer close(g.lines)
	for {
		text, err := g.out.ReadBytes('\n')
		g.lines <- line{text, err}
		if err != nil {
			return
		}
	}
}

// next is the generator's next line.
func (g *generator) next(ctx context.Context) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case l := <-g.lines:
		if l.err != nil {
			return nil, g.fault(l.err)
		}
		return l.text, nil
	}
}

// warm waits for the end of the warm-up.
func (g *generator) warm(ctx context.Context) error {
	_, err := g.next(ctx)
	return err
}

// run lets the measured stretch begin and waits for what came of it.
func (g *generator) run(ctx context.Context) (result loadgen.Result, err error) {
	if _, err := io.WriteString(g.in, "go\n"); err != nil {
		return result, g.fault(err)
	}
	text, err := g.next(ctx)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return result, fmt.Errorf("read the load generator's result: %w", err)
	}
	return result, nil
}

// fault explains a generator that stopped talking by how it ended.
func (g *generator) fault(err error) error {
	g.in.Close()
	g.cmd.Process.Kill() // it has ended, or will not do so by itself
	for range g.lines {  // until the pipe is empty, which Wait demands
	}
	if ended := g.cmd.Wait(); ended != nil {
		err = ended
	} else if errors.Is(err, io.EOF) {
		err = errors.New("ended without a result")
	}
	return fmt.Errorf("load generator: %w%s", err, said(g.stderr.String()))
}

func said(stderr string) string {
	if stderr = strings.TrimSpace(stderr); stderr == "" {
		return ""
	}
	return ": " + stderr
}

// stop ends the generator at once; it is harmless when it has ended already.
func (g *generator) stop() {
	g.in.Close()
	g.cmd.Process.Kill()
	for range g.lines {
	}
	g.cmd.Wait()
}

// standard refuses a generator that is not the std build: the client would differ from one lab to the next.
func standard(seen loadgen.Identity) error {
	if !seen.Boring && !seen.FIPS140 && seen.GODEBUG == "" && !strings.Contains(seen.Go, "X:") {
		return nil
	}
	return &Violation{
		What: fmt.Sprintf("the load generator is not a standard build: %+v", seen),
		Hint: "build tlslab without GOEXPERIMENT and GOFIPS140",
	}
}
