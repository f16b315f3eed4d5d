package symbols

import (
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"testing"
)

// The process is this test: the runtime knows its functions too.
func TestOfProcess(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := OfProcess(os.Getpid(), program)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []any{TestOfProcess, sort.Strings, strings.Cut, runtime.GC, os.Getpid} {
		address := reflect.ValueOf(f).Pointer()
		want := runtime.FuncForPC(address).Name()
		if got := p.User(uint64(address)); got.Function != want || got.Module != Go {
			t.Errorf("%#x: got %+v, want %s", address, got, want)
		}
	}
	if got := p.User(1); got.Function != "" {
		t.Errorf("address 1: got %+v", got)
	}
}

func TestParseMapping(t *testing.T) {
	m, ok := parseMapping("00401000-0067a000 r-xp 00001000 fe:00 12345    /opt/my server")
	want := mapping{Range{0x401000, 0x67a000}, 0x1000, "/opt/my server"}
	if !ok || m != want {
		t.Errorf("got %+v, %t; want %+v", m, ok, want)
	}
	for _, line := range []string{
		"", "00401000-0067a000 rw-p 00001000 fe:00 12345 /opt/server", "0040100z-0067a000 r-xp 0 0 0 /x",
		"00401000-0067a000 r-xp 00001000 00:00 0",
	} {
		if m, ok := parseMapping(line); ok {
			t.Errorf("%q: got %+v", line, m)
		}
	}
}
