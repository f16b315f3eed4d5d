package sites

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// build compiles one of the programs in testdata for Linux, outside of this module, so that older toolchains accept
// it.
func build(t testing.TB, program string, environment, flags []string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("testdata", program))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"main.go": text, "go.mod": []byte("module program\n\ngo 1.24\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append([]string{"build", "-o", "program"}, flags...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "GOWORK=off", "GOFLAGS=")
	cmd.Env = append(cmd.Env, environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		switch {
		case bytes.Contains(out, []byte("download go1")), bytes.Contains(out, []byte("toolchain not available")):
			t.Skipf("the toolchain is not here: %s", out)
		}
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "program")
}

// placed is every hook that a program with both sides of TLS has, in order.
func placed() (want []string) {
	want = []string{"schedule 0", "stop-m 0", "execute 0", "ready 0", "server-begin 0"}
	for i := range ServerPhases[1:] {
		want = append(want, fmt.Sprintf("server-phase %d", i+1))
	}
	want = append(want, "server-end 0", "client-begin 0")
	for i := range ClientPhases[1:] {
		want = append(want, fmt.Sprintf("client-phase %d", i+1))
	}
	return append(want, "client-end 0", "failed 0")
}

func hooks(p *Program) (got []string) {
	for _, s := range p.Sites {
		got = append(got, fmt.Sprintf("%s %d", s.Hook, s.Phase))
	}
	return got
}

func TestFind(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command to build programs with")
	}
	compiler := func() string {
		if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
			return "cgo needs a compiler for linux/amd64"
		}
		for _, name := range []string{"gcc", "clang"} {
			if _, err := exec.LookPath(name); err == nil {
				return ""
			}
		}
		return "there is no C compiler"
	}
	always := func() string { return "" }
	cold := func() string { // builds that have to compile the standard library anew
		if testing.Short() {
			return "compiles the standard library"
		}
		return ""
	}
	for _, test := range []struct {
		name        string
		environment []string
		flags       []string
		why         func() string // not, if it is not empty
	}{
		{"plain", nil, nil, always},
		{"pie", nil, []string{"-buildmode=pie"}, cold},
		{"external", []string{"CGO_ENABLED=1"}, []string{"-ldflags=-linkmode=external -s"}, compiler},
		{"external pie", []string{"CGO_ENABLED=1"}, []string{"-buildmode=pie", "-ldflags=-linkmode=external -s"}, compiler},
		{"boringcrypto", []string{"CGO_ENABLED=1", "GOEXPERIMENT=boringcrypto"}, []string{"-ldflags=-s -w"}, func() string { return compiler() + cold() }},
		{"fips140", []string{"GOFIPS140=latest"}, []string{"-ldflags=-s -w"}, cold},
		{"fips140 certified", []string{"GOFIPS140=v1.0.0"}, nil, cold},
		{"arm64", []string{"GOARCH=arm64", "CGO_ENABLED=0"}, nil, cold},
		{"arm64 stripped", []string{"GOARCH=arm64", "CGO_ENABLED=0"}, []string{"-ldflags=-s -w"}, cold},
		{"arm64 pie", []string{"GOARCH=arm64", "CGO_ENABLED=0"}, []string{"-buildmode=pie", "-ldflags=-s -w"}, cold},
		{"go1.25", []string{"GOTOOLCHAIN=go1.25.3"}, nil, cold},
		{"go1.24 arm64", []string{"GOTOOLCHAIN=go1.24.9", "GOARCH=arm64", "CGO_ENABLED=0"}, nil, cold},
	} {
		t.Run(test.name, func(t *testing.T) {
			if why := test.why(); why != "" {
				t.Skip(why)
			}
			path := build(t, "server.go", test.environment, test.flags)
			p := find(t, path)
			if got, want := hooks(p), placed(); !slices.Equal(got, want) {
				t.Errorf("got hooks %q\nwant %q", got, want)
			}
			if got, want := p.Arch == "arm64", slices.Contains(test.environment, "GOARCH=arm64"); got != want {
				t.Errorf("got architecture %s", p.Arch)
			}
			if got, want := p.PIE, slices.Contains(test.flags, "-buildmode=pie"); got != want {
				t.Errorf("got PIE %v", got)
			}
			inspect(t, path, p)
			compare(t, path, p)
		})
	}
}

func find(t testing.TB, path string) *Program {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, err := Find(file)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inspect looks at the bytes that the sites are at, and at the symbols, where there are any.
func inspect(t *testing.T, path string, p *Program) {
	t.Helper()
	bytes, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, _ := file.Symbols()
	for _, s := range p.Sites {
		if !s.Cheap {
			t.Errorf("%s %d in %s: a %s is single-stepped", s.Hook, s.Phase, s.Function, s.Instruction)
		}
		if s.Address < p.Text.Low || s.Address >= p.Text.High {
			t.Errorf("%s %d: %#x is outside of Go's code %#x", s.Hook, s.Phase, s.Address, p.Text)
		}
		for _, symbol := range symbols {
			if symbol.Name == s.Function && (s.Address < symbol.Value || s.Address >= symbol.Value+symbol.Size) {
				t.Errorf("%s %d: %#x is outside of %s", s.Hook, s.Phase, s.Address, s.Function)
			}
		}
		if p.Arch == "amd64" {
			inspectAMD64(t, s, bytes)
		} else {
			inspectARM64(t, s, bytes)
		}
	}
}

// inspectAMD64 wants the push of the frame pointer, and the test of the error in front of the jumps that end a
// handshake.
func inspectAMD64(t *testing.T, s Site, file []byte) {
	t.Helper()
	before, at := file[s.Offset-3:s.Offset], file[s.Offset:]
	switch s.Hook {
	case ServerEnd:
		if s.Instruction != "jcc" || !bytes.Equal(before, []byte{0x48, 0x85, 0xc0}) {
			t.Errorf("%s: got %s behind % x, want jcc behind TEST AX, AX", s.Hook, s.Instruction, before)
		}
	case ClientEnd:
		if s.Instruction != "jcc" || !bytes.Equal(before, []byte{0x48, 0x85, 0xdb}) {
			t.Errorf("%s: got %s behind % x, want jcc behind TEST BX, BX", s.Hook, s.Instruction, before)
		}
	case Failed:
		if s.Instruction != "call" || at[0] != 0xe8 {
			t.Errorf("%s: got %s, % x", s.Hook, s.Instruction, at[:5])
		}
	default:
		if s.Instruction != "push" || at[0] != 0x55 {
			t.Errorf("%s: got %s, % x, want PUSH BP", s.Hook, s.Instruction, at[:1])
		}
	}
}

// inspectARM64 wants the jumps that end a handshake to look at the register with the error.
func inspectARM64(t *testing.T, s Site, file []byte) {
	t.Helper()
	word := binary.LittleEndian.Uint32(file[s.Offset:])
	compares := word&0x7e000000 == 0x34000000 // cbz and cbnz
	switch s.Hook {
	case ServerEnd:
		if !compares || word&31 != 0 {
			t.Errorf("%s: got %s, %08x, want cbz or cbnz of R0", s.Hook, s.Instruction, word)
		}
	case ClientEnd:
		if !compares || word&31 != 1 {
			t.Errorf("%s: got %s, %08x, want cbz or cbnz of R1", s.Hook, s.Instruction, word)
		}
	case Failed:
		if word>>26 != 0x25 {
			t.Errorf("%s: got %s, %08x, want bl", s.Hook, s.Instruction, word)
		}
	}
}

// compare holds the table of layouts against the program's own debugging information.
func compare(t *testing.T, path string, p *Program) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known := layouts[minor.FindString(p.Go)]
	if p.G != known.g || p.Wait != known.wait {
		t.Errorf("%s: found %+v %+v\nthe table has %+v %+v", p.Go, p.G, p.Wait, known.g, known.wait)
	}
	g, wait, err := fromDWARF(file)
	if stripped := file.Section(".debug_info") == nil; stripped != (err != nil) {
		t.Errorf("debugging information: stripped %v, got %v", stripped, err)
	}
	if err == nil && (g != known.g || wait != known.wait) {
		t.Errorf("%s: the table has %+v %+v\nthe program %+v %+v", p.Go, known.g, known.wait, g, wait)
	}
}

func TestFindErrors(t *testing.T) {
	if _, err := Find(strings.NewReader("#!/bin/sh\n")); !errors.Is(err, ErrFormat) {
		t.Errorf("a script: got %v", err)
	}
	i386 := read(t, build(t, "plain.go", []string{"GOARCH=386"}, nil))
	if p, err := Find(bytes.NewReader(i386)); !errors.Is(err, ErrFormat) || p != nil {
		t.Errorf("a program for 386: got %v", err)
	}
	plain := read(t, build(t, "plain.go", nil, []string{"-ldflags=-s -w"}))
	p, err := Find(bytes.NewReader(plain))
	if !errors.Is(err, ErrNoServer) {
		t.Fatalf("no TLS: got %v", err)
	}
	if got, want := hooks(p), placed()[:4]; !slices.Equal(got, want) {
		t.Errorf("no TLS: got hooks %q, want %q", got, want)
	}
	// Build information begins with this magic; without it nothing says that Go made the program.
	foreign := bytes.ReplaceAll(plain, []byte("\xff Go buildinf:"), []byte("\xff no buildinf:"))
	if p, err := Find(bytes.NewReader(foreign)); !errors.Is(err, ErrNotGo) || p != nil {
		t.Errorf("no build information: got %v", err)
	}
}

// TestMissing takes functions out of a program by giving them other names.
func TestMissing(t *testing.T) {
	server := read(t, build(t, "server.go", nil, []string{"-ldflags=-s -w"}))
	for _, test := range []struct {
		name, old, new string
		hooks          []string // that go
		want           string   // in the message
		is             error
	}{
		{
			"phase", "TLS13).processClientHello\x00", "TLS13).processClientHallo\x00", []string{"server-phase 1"},
			"crypto/tls.(*serverHandshakeStateTLS13).processClientHello is not in this program, or was inlined (" +
				runtimeVersion(server, t) + "): hook server-phase process-client-hello cannot be placed", nil,
		},
		{
			"last phase", "TLS13).readClientFinished\x00", "TLS13).readClientFinishes\x00", []string{"server-end 0"},
			"hook server-end cannot be placed", nil,
		},
		{"scheduler", "\x00runtime.stopm\x00", "\x00runtime.stopp\x00", []string{"stop-m 0"}, "runtime.stopm", nil},
		{
			"server", "(*Conn).serverHandshake\x00", "(*Conn).serverHandshook\x00",
			append(placed()[4:4+len(ServerPhases)], "server-end 0"), ErrNoServer.Error(), ErrNoServer,
		},
		{"flush", "(*Conn).flush\x00", "(*Conn).blush\x00", []string{"client-end 0"}, "(*Conn).flush", nil},
		{"version", "go1.2", "go1.9", nil, "runtime.g", ErrLayout},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := bytes.ReplaceAll(server, []byte(test.old), []byte(test.new))
			p, err := Find(bytes.NewReader(changed))
			var missing *Missing
			if !errors.As(err, &missing) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got error %v\nwant %s", err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got %v, want it to be %v", err, test.is)
			}
			want := slices.DeleteFunc(placed(), func(hook string) bool { return slices.Contains(test.hooks, hook) })
			if got := hooks(p); !slices.Equal(got, want) {
				t.Errorf("got hooks %q\nwant %q", got, want)
			}
			if test.name == "flush" {
				if got, want := p.Sites[len(p.Sites)-1].Function, connection+"sendAlertLocked"; got != want {
					t.Errorf("failures are seen in %s, want %s", got, want)
				}
			}
		})
	}
}

// TestInlined takes a method out of the table of functions: its phase then begins in the method that called it.
func TestInlined(t *testing.T) {
	server := read(t, build(t, "server.go", nil, []string{"-ldflags=-s -w"}))
	changed := bytes.ReplaceAll(server, []byte("TLS13).pickCertificate\x00"), []byte("TLS13).nickCertificate\x00"))
	p, err := Find(bytes.NewReader(changed))
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range p.Sites {
		if site.Hook != ServerPhase || ServerPhases[site.Phase] != "pick-certificate" {
			continue
		}
		if site.Function != serverStates+"handshake" || site.Instruction != "jcc" || !site.Cheap {
			t.Errorf("got %+v", site)
		}
		return
	}
	t.Error("the phase has no site")
}

func runtimeVersion(program []byte, t *testing.T) string {
	t.Helper()
	p, err := Find(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	return p.Go
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzFind changes a program in one place. Nothing is promised about the sites, but that they are in the file.
func FuzzFind(f *testing.F) {
	program := read(f, build(f, "plain.go", nil, []string{"-ldflags=-compressdwarf=false"}))
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte("\x7fELF"))
	f.Add(uint32(40), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}) // section headers
	for i, segment := range file.Progs {
		f.Add(uint32(64+56*i+32), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) // its size in the file
		f.Add(uint32(segment.Off), []byte{0xff, 0xff, 0xff, 0xff})
	}
	for _, section := range file.Sections {
		f.Add(uint32(section.Offset), bytes.Repeat([]byte{0xff}, 64))
		f.Add(uint32(section.Offset+8), []byte{0xff, 0xff, 0xff, 0x7f}) // in .gopclntab the number of functions
	}
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		changed := slices.Clone(program)
		copy(changed[int(at)%len(changed):], patch)
		p, err := Find(bytes.NewReader(changed))
		if p == nil {
			if err == nil {
				t.Fatal("neither a program nor an error")
			}
			return
		}
		for _, s := range p.Sites {
			if s.Function == "" || s.Instruction == "" {
				t.Errorf("an empty site %+v", s)
			}
		}
	})
}
