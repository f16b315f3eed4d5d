package counted

import (
	"bufio"
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

// TestSide is one side of handshakes where it is asked to be: see [Arguments]. Otherwise it starts itself as both.
func TestSide(t *testing.T) {
	if flag.Arg(0) != sideArgument {
		testSides(t)
		return
	}
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(Greet(seedable)); err != nil {
		t.Fatal(err)
	}
	var o Order
	if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&o); err != nil {
		t.Fatal("read order: ", err)
	}
	runtime.MemProfileRate = 0 // which allocations are sampled is by chance, and each sample costs a traceback
	seed(t, o.Seed)
	if err := answers.Encode(Run(t.Context(), os.NewFile(Stream, "stream"), o)); err != nil {
		t.Fatal(err)
	}
}

// The same order gives the same handshakes to the byte; other seeds give others. One of those may send as many bytes by
// chance, as the lengths of its signatures fall, but not each of four.
func testSides(t *testing.T) {
	server, client := orders(t, handshake.Spec{Group: handshake.X25519MLKEM768, Signature: handshake.ECDSAP256, Suite: handshake.ChaCha20Poly1305})
	client.Handshakes = 20
	var sent []uint64
	for _, seed := range []uint64{1, 1, 2, 3, 4, 5} {
		server.Seed, client.Seed = seed, seed
		s, c := startSide(t), startSide(t)
		ends := streams(t)
		s.start(t, ends[0])
		c.start(t, ends[1])
		ends[0].Close()
		ends[1].Close()
		s.give(t, server)
		c.give(t, client)
		for name, r := range map[string]Report{"server": s.report(t), "client": c.report(t)} {
			if r.Error != "" || r.Handshakes != 21 || r.Sent < 21*200 || r.Allocs < 21*100 || r.AllocBytes < 10*r.Allocs {
				t.Errorf("%s: %+v", name, r)
			}
			if name == "server" {
				sent = append(sent, r.Sent)
			}
		}
	}
	another := slices.ContainsFunc(sent[2:], func(n uint64) bool { return n != sent[0] })
	if seedable && (sent[0] != sent[1] || !another) {
		t.Errorf("the server sent %d bytes with seeds 1, 1, 2, 3, 4 and 5", sent)
	}
}

// process is this test program as a side.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startSide(t *testing.T) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], Arguments()...)}
	p.cmd.Env, p.cmd.Stderr = []string{"GOMAXPROCS=1"}, os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	return p
}

// start starts the side with its end of the stream, and checks its hello.
func (p *process) start(t *testing.T, end *os.File) {
	t.Helper()
	p.cmd.ExtraFiles = []*os.File{end}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var h Hello
	p.read(t, &h)
	if is := h.Identity(); is.Go != runtime.Version() || is.GOMAXPROCS != 1 || is.Build["GOARCH"] != runtime.GOARCH || h.Seeded != seedable {
		t.Errorf("hello %+v", h)
	}
}

func (p *process) read(t *testing.T, value any) {
	t.Helper()
	text, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func (p *process) give(t *testing.T, o Order) {
	t.Helper()
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		t.Fatal(err)
	}
}

func (p *process) report(t *testing.T) (r Report) {
	t.Helper()
	p.read(t, &r)
	p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	return r
}
