package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
)

// side is one process of a pair.
type side struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	stderr   bytes.Buffer
	counting counting
	ended    bool
}

// startSide starts a side with its end of the stream. It dies with its context and with this process.
func (p pair) startSide(ctx context.Context, stream *os.File) (*side, error) {
	s := &side{cmd: exec.CommandContext(ctx, p.binary.Path, counted.Arguments()...)}
	s.cmd.Dir = filepath.Dir(p.binary.Path)
	s.cmd.Env = []string{}
	for _, name := range slices.Sorted(maps.Keys(p.environment)) {
		s.cmd.Env = append(s.cmd.Env, name+"="+p.environment[name])
	}
	s.cmd.Stderr, s.cmd.ExtraFiles = &s.stderr, []*os.File{stream}
	s.cmd.Cancel = func() error { return syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) }
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if s.counting, err = p.counter.wrap(s.cmd); err != nil {
		return nil, err
	}
	if err := variant.StartPinned(s.cmd, nil); err != nil {
		_, _ = s.counting.end()
		return nil, err
	}
	return s, nil
}

// begin waits until the side says what it is, has it counted and gives it its order.
func (s *side) begin(ctx context.Context, o counted.Order) (hello counted.Hello, err error) {
	if err := s.read(ctx, &hello); err != nil {
		return hello, err
	}
	if err := s.counting.begin(s.cmd.Process.Pid); err != nil {
		return hello, err
	}
	if err := json.NewEncoder(s.in).Encode(o); err != nil {
		return hello, s.fault(ctx, err)
	}
	return hello, nil
}

// result waits for what the side counted itself.
func (s *side) result(ctx context.Context) (r counted.Report, err error) {
	return r, s.read(ctx, &r)
}

func (s *side) read(ctx context.Context, value any) error {
	text, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		return s.fault(ctx, fmt.Errorf("%w %s", err, text))
	}
	return nil
}

// end waits for the end of the process and for what was counted of it.
func (s *side) end(ctx context.Context) (map[string]uint64, error) {
	s.in.Close()
	_, _ = io.Copy(io.Discard, s.out)
	s.ended = true
	if err := s.cmd.Wait(); err != nil {
		_, _ = s.counting.end()
		return nil, s.died(ctx, err, "")
	}
	return s.counting.end()
}

// fault explains a side that does not speak as it should by how it ended.
func (s *side) fault(ctx context.Context, err error) error {
	s.in.Close()
	_ = s.cmd.Process.Kill() // it has ended, or will not do so by itself
	last, _ := io.ReadAll(s.out)
	if ended := s.cmd.Wait(); ended != nil && errors.Is(err, io.EOF) {
		err = ended
	}
	s.ended = true
	_, _ = s.counting.end()
	return s.died(ctx, err, string(last))
}

// died is a side that ended by itself, under a counter that may not have what it needs.
func (s *side) died(ctx context.Context, err error, last string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	words := said(firstOf(s.stderr.String()))
	if words == "" {
		words = said(firstOf(last))
	}
	return &uncountable{fmt.Errorf("the counted program ended: %w%s", err, words),
		"a CPU that the counter emulates may lack what the build needs, such as AVX-512: count a build for a lower goamd64"}
}

// firstOf is the beginning of what a program said.
func firstOf(text string) string {
	const most = 300
	text = strings.TrimSpace(text)
	return text[:min(len(text), most)]
}

// stop ends the side at once; it is harmless when it has ended already.
func (s *side) stop() {
	if s == nil || s.ended {
		return
	}
	s.in.Close()
	_ = s.cmd.Cancel()
	_, _ = io.Copy(io.Discard, s.out)
	_ = s.cmd.Wait()
	_, _ = s.counting.end()
}
