package symbols

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results/account"
)

// built is a small program of Go, built with these settings.
func built(t *testing.T, environment []string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	command := exec.Command("go", append(append([]string{"build", "-o", program}, flags...), "./testdata/program")...)
	command.Env = append(os.Environ(), environment...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Skipf("cannot build with %v %v: %v\n%s", environment, flags, err, out)
	}
	return program
}

func TestPrograms(t *testing.T) {
	static := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + runtime.GOARCH}
	arm := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64"}
	amd := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64"}
	for _, c := range []struct {
		name        string
		environment []string
		flags       []string
	}{
		{"plain", static, nil},
		{"stripped", static, []string{"-ldflags=-s -w"}},
		{"position-independent", static, []string{"-buildmode=pie", "-ldflags=-s -w"}},
		{"amd64", amd, nil},
		{"arm64", arm, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := Open(built(t, c.environment, c.flags...))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"main.main", "runtime.goexit", "runtime.memmove"} {
				start := startOf(t, table, want)
				if got := table.Find(start); got != (account.Frame{Function: want, Module: Go, Address: start}) {
					t.Errorf("got %+v, want %s", got, want)
				}
				if start < table.Text.Start || start >= table.Text.End {
					t.Errorf("%s at %#x lies outside of Go's code %#x", want, start, table.Text)
				}
			}
			if got := table.Find(table.Text.End + 1<<30); got.Function != "" {
				t.Errorf("found %q where there is no code", got.Function)
			}
		})
	}
}

func startOf(t *testing.T, table *Table, name string) uint64 {
	t.Helper()
	for _, f := range table.functions {
		if f.name == name {
			return f.Start
		}
	}
	t.Fatalf("%s is not in the table", name)
	return 0
}

// Of amd64's assembly: memmove has no stack of its own, keccakF1600 much.
func TestAssembly(t *testing.T) {
	table, err := Open(built(t, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	deepest := map[string]uint32{}
	end := uint64(0)
	for _, f := range table.Assembly {
		if f.Start < end || f.End <= f.Start {
			t.Fatalf("ranges are not in order at %#x", f.Start)
		}
		end = f.End
		name := table.Find(f.Start).Function
		deepest[name] = max(deepest[name], f.Above)
	}
	if got, known := deepest["runtime.memmove"]; !known || got != 0 {
		t.Errorf("memmove: got %d (%t), want 0", got, known)
	}
	if got := deepest["crypto/internal/fips140/sha3.keccakF1600"]; got < 200 {
		t.Errorf("keccakF1600: got %d, want its state of 200 bytes at least", got)
	}
}

func TestNormal(t *testing.T) {
	for name, want := range map[string]string{
		"crypto/internal/fips140/v1.0.0-c2097c7c/ecdsa.Sign": "crypto/internal/fips140/ecdsa.Sign",
		"crypto/internal/fips140/ecdsa.Sign":                 "crypto/internal/fips140/ecdsa.Sign",
		"crypto/internal/fips140/v1.0.0.init":                "crypto/internal/fips140/v1.0.0.init",
		"main.main":                                          "main.main",
	} {
		if got := normal(name); got != want {
			t.Errorf("normal(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestReadKernel(t *testing.T) {
	const text = "ffffffff81000000 T _text\nffffffff81000010 t tcp_sendmsg\nffffffff81000010 t tcp_sendmsg_alias\n" +
		"ffffffff81000020 D jiffies\nffffffff81000030 t nf_hook\t[nf_tables]\n"
	table, err := ReadKernel(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[uint64]string{
		0xffffffff80ffffff: "", 0xffffffff81000000: "_text", 0xffffffff8100000f: "_text",
		0xffffffff81000010: "tcp_sendmsg", 0xffffffff81000034: "nf_hook",
	} {
		if got := table.Find(address).Function; got != want {
			t.Errorf("%#x: got %q, want %q", address, got, want)
		}
	}
	hidden := "0000000000000000 T _text\n0000000000000000 t tcp_sendmsg\n"
	if _, err := ReadKernel(strings.NewReader(hidden)); !errors.Is(err, ErrHidden) {
		t.Errorf("got %v, want %v", err, ErrHidden)
	}
	if _, err := ReadKernel(strings.NewReader("address T _text\n")); err == nil {
		t.Error("took a word for an address")
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, path := range []string{"testdata/none", "symbols.go"} {
		if _, err := Open(path); err == nil {
			t.Errorf("opened %s", path)
		}
	}
}

// Read must not trust what it is given: it opens any program that someone points it to.
func FuzzRead(f *testing.F) {
	program := filepath.Join(f.TempDir(), "program")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "./testdata/program")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		f.Skipf("cannot build: %v\n%s", err, out)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), uint64(0))
	f.Add(uint32(8), uint64(1)<<40)
	f.Add(uint32(56), ^uint64(0))
	start := strings.Index(string(data), "\xf1\xff\xff\xff\x00\x00\x01\x08")
	if start < 0 {
		f.Fatal("the program has no function table")
	}
	f.Fuzz(func(t *testing.T, at uint32, value uint64) {
		mutated := []byte(strings.Clone(string(data)))
		place := start + int(at)%(len(mutated)-start-8)
		for i := range 8 {
			mutated[place+i] ^= byte(value >> (8 * i))
		}
		table, err := Read(strings.NewReader(string(mutated)))
		if err != nil {
			return
		}
		for i := range table.functions {
			if f := table.functions[i]; i > 0 && f.Start < table.functions[i-1].End {
				t.Fatalf("%v reaches into %v", table.functions[i-1], f)
			}
		}
	})
}

func TestLocalCode(t *testing.T) {
	known := []function{{Range{100, 200}, "ecp_nistz256_sqr_mont", C}, {Range{1 << 20, 1<<20 + 10}, "main.main", Go}}
	for _, c := range []struct {
		whole   bool
		address uint64
		want    string
	}{
		{true, 150, "ecp_nistz256_sqr_mont"},
		{true, 200, "local code after ecp_nistz256_sqr_mont"},
		{true, 200 + farthest, ""},
		{false, 200, ""}, // where only some functions have names, the last one says nothing
		{true, 1<<20 + 10, ""},
		{true, 50, ""},
	} {
		table := Table{functions: known, whole: c.whole}
		if got := table.Find(c.address).Function; got != c.want {
			t.Errorf("%d of a whole table %v: got %q, want %q", c.address, c.whole, got, c.want)
		}
	}
}
