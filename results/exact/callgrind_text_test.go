package exact

import (
	"bytes"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestPackageOf(t *testing.T) {
	for _, test := range []struct{ function, want string }{
		{"main.main", "main"},
		{"crypto/internal/fips140/nistec.(*P256Point).Add", "crypto/internal/fips140/nistec"},
		{"crypto/internal/fips140/sha256.blockAVX2", "crypto/internal/fips140/sha256"},
		{"crypto/tls.(*Conn).handshakeContext.func1", "crypto/tls"},
		{"vendor/golang.org/x/crypto/chacha20poly1305.(*chacha20poly1305).Seal", "vendor/golang.org/x/crypto/chacha20poly1305"},
		{"github.com/tlslab/tlslab/handshake/server.(*plain).serve.(*plain).keys.func2", "github.com/tlslab/tlslab/handshake/server"},
		{"gopkg.in/yaml%2ev3.(*Decoder).Decode", "gopkg.in/yaml.v3"},
		{"slices.SortFunc[go.shape.[]github.com/a/b.T,go.shape.struct { x/y.z int }]", "slices"},
		{"slices.SortFunc[...]", "slices"},
		{"sync/atomic.(*Pointer[go.shape.struct { crypto/tls.a int }]).Load", "sync/atomic"},
		{"crypto/internal/fips140/ecdsa.Sign[go.shape.*crypto/internal/fips140/nistec.P256Point]", "crypto/internal/fips140/ecdsa"},
		{"type:.eq.crypto/tls.ClientHelloInfo", "runtime"},
		{"type:.hash.[2]string", "runtime"},
		{"go:buildid", "runtime"},
		{"runtime.memmove.abi0", "runtime"},
		{"gosave_systemstack_switch", ""},
		{"_rt0_amd64_linux", ""},
		{".hidden", ""},
		{"", ""},
	} {
		if got := packageOf(test.function); got != test.want {
			t.Errorf("%q: got %q, want %q", test.function, got, test.want)
		}
	}
}

func TestDirectoryOf(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"internal/bytealg/compare_amd64.s", "internal/bytealg"},
		{"./crypto/internal/fips140/aes/gcm/gcm_amd64.s", "crypto/internal/fips140/aes/gcm"},
		{"/usr/local/go/src/internal/bytealg/compare_amd64.s", ""},
		{"rt0.s", ""},
		{"../x/y.s", ""},
		{"?", ""},
		{"", ""},
	} {
		if got := directoryOf(test.file); got != test.want {
			t.Errorf("%q: got %q, want %q", test.file, got, test.want)
		}
	}
}

// The test's own executable tells where its functions are.
func TestText(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("executables of this system are not ELF files")
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := ReadText(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		function any
		want     string
	}{
		{ReadText, "github.com/tlslab/tlslab/results/exact"},
		{strings.Repeat, "strings"},
		{(*bytes.Buffer).ReadBytes, "bytes"},
		{slices.Sort[[]int], "slices"},
		{runtime.GC, "runtime"},
	} {
		address := reflect.ValueOf(test.function).Pointer()
		if got := text.Package(uint64(address)); got != test.want {
			t.Errorf("%v: got %q, want %q", runtime.FuncForPC(address).Name(), got, test.want)
		}
	}
	if got := text.Package(16); got != "" {
		t.Errorf("address 16 is in %q", got)
	}
}

func TestReadTextBroken(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": "#!/bin/sh\n", "cut off": "\x7fELF\x02\x01\x01"} {
		if _, err := ReadText(strings.NewReader(text)); err == nil {
			t.Errorf("%s: is read as an executable", name)
		}
	}
}
