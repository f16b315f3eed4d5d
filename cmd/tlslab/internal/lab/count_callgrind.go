package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/tlslab/tlslab/results/exact"
)

// callgrind is the counter of valgrind: an emulated CPU, some fifty times slower, which counts by address.
type callgrind struct {
	valgrind string // path
	version  string // as 3.19.0
	texts    map[string]*exact.Text
}

func newCallgrind(ctx context.Context) (*callgrind, error) {
	path, err := exec.LookPath("valgrind")
	if err != nil {
		return nil, fmt.Errorf("no valgrind: %w", err)
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("valgrind: %w", err)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "valgrind-")
	return &callgrind{path, version, map[string]*exact.Text{}}, nil
}

func (c *callgrind) name() string { return "callgrind-" + c.version }

// wrap has the program run by valgrind, which writes its profile into a pipe: no file is left behind, however it ends.
// Of this process's environment it keeps what says where valgrind is installed.
func (c *callgrind) wrap(cmd *exec.Cmd) (counting, error) {
	text, err := c.text(cmd.Path)
	if err != nil {
		return nil, err
	}
	profile, written, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, written)
	const first = 3 // descriptor of the extra files
	cmd.Args = append([]string{
		c.valgrind, "--tool=callgrind", "-q", "--vgdb=no", "--dump-instr=yes", "--dump-line=no",
		fmt.Sprintf("--callgrind-out-file=/proc/thread-self/fd/%d", first+len(cmd.ExtraFiles)-1), cmd.Path,
	}, cmd.Args[1:]...)
	cmd.Path = c.valgrind
	if lib := os.Getenv("VALGRIND_LIB"); lib != "" {
		cmd.Env = append(cmd.Env, "VALGRIND_LIB="+lib)
	}
	one := &profiled{written: written, done: make(chan struct{})}
	go one.read(profile, text)
	return one, nil
}

func (c *callgrind) text(path string) (*exact.Text, error) {
	if known := c.texts[path]; known != nil {
		return known, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := exact.ReadText(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.texts[path] = text
	return text, nil
}

// profiled is one process under callgrind.
type profiled struct {
	written  *os.File // this process's copy of the pipe's end
	done     chan struct{}
	packages map[string]uint64
	err      error
}

func (p *profiled) read(profile *os.File, text *exact.Text) {
	defer close(p.done)
	defer profile.Close()
	p.packages, p.err = exact.ReadCallgrind(profile, text.Package)
	_, _ = io.Copy(io.Discard, profile) // what nobody reads would hold valgrind up
}

// begin closes this process's copy: valgrind has its own, and ends the profile with it.
func (p *profiled) begin(int) error { return p.written.Close() }

func (p *profiled) end() (map[string]uint64, error) {
	p.written.Close() // which may be done
	<-p.done
	return p.packages, p.err
}
