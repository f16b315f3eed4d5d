package sites

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// registers are where the two registers that may hold an error lie in what a probe is given (struct pt_regs).
var registers = map[string][2]int16{
	"amd64": {10 * 8, 5 * 8}, // AX and BX
	"arm64": {0, 8},          // R0 and R1
}

// counter makes a program that counts, by the probe's cookie, how often it ran, and behind those counts how often the
// register at an offset was not zero.
func counter(t *testing.T, sites int, register int16) (*ebpf.Program, *ebpf.Map) {
	t.Helper()
	counts, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: uint32(2 * sites)})
	if err != nil {
		t.Skipf("no maps may be made here: %v", err)
	}
	t.Cleanup(func() { counts.Close() })
	count := func(done string) asm.Instructions {
		return asm.Instructions{
			asm.LoadMapPtr(asm.R1, counts.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -4),
			asm.FnMapLookupElem.Call(),
			asm.JEq.Imm(asm.R0, 0, done),
			asm.Mov.Imm(asm.R1, 1),
			asm.AddAtomic.Mem(asm.R0, asm.R1, asm.DWord, 0),
		}
	}
	code := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, register, asm.DWord),
		asm.FnGetAttachCookie.Call(),
		asm.StoreMem(asm.RFP, -4, asm.R0, asm.Word),
		asm.Mov.Reg(asm.R7, asm.R0),
	}
	code = append(code, count("out")...)
	code = append(code,
		asm.JEq.Imm(asm.R6, 0, "out"),
		asm.Add.Imm(asm.R7, int32(sites)),
		asm.StoreMem(asm.RFP, -4, asm.R7, asm.Word),
	)
	code = append(code, count("out")...)
	code = append(code, asm.Mov.Imm(asm.R0, 0).WithSymbol("out"), asm.Return())
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Kprobe, AttachType: ebpf.AttachTraceUprobeMulti, Instructions: code, License: "GPL",
	})
	if err != nil {
		t.Skipf("no programs may be loaded here: %v", err)
	}
	t.Cleanup(func() { program.Close() })
	return program, counts
}

// child is the program with the handshakes.
type child struct {
	in  io.Writer
	out *bufio.Scanner
}

func start(t *testing.T, path string) (child, int) {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulated program cannot start another")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	c := child{in, bufio.NewScanner(out)}
	c.expect(t, "ready")
	return c, cmd.Process.Pid
}

func (c child) expect(t *testing.T, want string) {
	t.Helper()
	if !c.out.Scan() || c.out.Text() != want {
		t.Fatalf("got %q, want %q", c.out.Text(), want)
	}
}

// TestFire attaches to every site and counts handshakes: a site fires once in each that comes so far.
func TestFire(t *testing.T) {
	if _, ok := registers[runtime.GOARCH]; !ok {
		t.Skipf("no sites on %s", runtime.GOARCH)
	}
	for name, flags := range map[string][]string{
		"stripped": {"-ldflags=-s -w"},
		"pie":      {"-buildmode=pie", "-ldflags=-s -w"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "pie" && testing.Short() {
				t.Skip("compiles the standard library")
			}
			path := build(t, "server.go", []string{"GOARCH=" + runtime.GOARCH}, flags)
			fire(t, path, find(t, path).Sites)
		})
	}
}

const (
	each = 5   // handshakes of each kind
	ends = 100 // behind the last phase
)

// handshakes is what one kind of them must come to.
type handshakes struct {
	kind           string
	server, client int // the last phase that either side comes to
	failed         int // ends of either side by an error
	errors         int // at the server's end
}

func fire(t *testing.T, path string, sites []Site) {
	process, pid := start(t, path)
	first := attach(t, path, pid, sites, registers[runtime.GOARCH][0])
	second := attach(t, path, pid, sites, registers[runtime.GOARCH][1])
	for _, test := range []handshakes{
		{"full", ends, ends, 0, 0},
		{"ticket", ends, ends, 0, 0},
		{"resumed", ends, ends, 0, 0},
		{"mutual", ends, ends, 0, 0},
		{"retried", ends, ends, 0, 0},
		{"refused", 7, ends, each, 0},         // the server finds no certificate where one must be
		{"vanished", ends, 4, 2 * each, each}, // the client refuses the server's, and says so
	} {
		before, errors := values(t, first), values(t, second)
		fmt.Fprintln(process.in, test.kind, each)
		process.expect(t, "done")
		fired, nonzero := since(before, values(t, first)), since(errors, values(t, second))
		for i, site := range sites {
			if got, want, exact := fired[i], test.of(site), site.Hook.counts(); exact && got != want {
				t.Errorf("%s: hook %s %d fired %d times, want %d", test.kind, site.Hook, site.Phase, got, want)
			}
			behind := len(sites) + i
			if got := fired[behind]; site.Hook == ServerEnd && got != test.errors {
				t.Errorf("%s: %d errors in the first register at the server's end, want %d", test.kind, got, test.errors)
			}
			if got := nonzero[behind]; site.Hook == ClientEnd && got != 0 {
				t.Errorf("%s: %d errors in the second register at the client's end, want none", test.kind, got)
			}
		}
	}
	for i, total := range values(t, first)[:len(sites)] {
		if total == 0 {
			t.Errorf("hook %s %d never fired", sites[i].Hook, sites[i].Phase)
		}
	}
}

// attach puts a counter on all sites.
func attach(t *testing.T, path string, pid int, sites []Site, register int16) *ebpf.Map {
	t.Helper()
	program, counts := counter(t, len(sites), register)
	options := &link.UprobeMultiOptions{PID: uint32(pid)}
	for cookie, site := range sites {
		options.Addresses = append(options.Addresses, site.Offset)
		options.Cookies = append(options.Cookies, uint64(cookie))
	}
	executable, err := link.OpenExecutable(path)
	if err != nil {
		t.Fatal(err)
	}
	probes, err := executable.UprobeMulti(nil, program, options)
	if err != nil {
		t.Skipf("no probes may be attached here: %v", err)
	}
	t.Cleanup(func() { probes.Close() })
	return counts
}

// counts reports whether a hook fires once for each handshake: the scheduler's come as they come.
func (h Hook) counts() bool {
	return h != Schedule && h != StopM && h != Execute && h != Ready
}

// of is how often a site must fire.
func (h handshakes) of(site Site) int {
	last, phase := h.server, site.Phase
	switch site.Hook {
	case Failed:
		return h.failed
	case ServerEnd:
		phase = ends
	case ClientPhase:
		last = h.client
	case ClientEnd:
		last, phase = h.client, ends
	}
	if phase <= last {
		return each
	}
	return 0
}

func since(before, after []int) []int {
	for i := range after {
		after[i] -= before[i]
	}
	return after
}

func values(t *testing.T, counts *ebpf.Map) []int {
	t.Helper()
	values := make([]int, counts.MaxEntries())
	for i := range values {
		var value uint64
		if err := counts.Lookup(uint32(i), &value); err != nil {
			t.Fatal(err)
		}
		values[i] = int(value)
	}
	return values
}
