package loadgen

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// peer is a connection whose other side says what it has to say whatever it is told.
type peer struct {
	io.Reader
	told bytes.Buffer
}

func (p *peer) Write(b []byte) (int, error) { return p.told.Write(b) }

func TestConfirmHTTP1(t *testing.T) {
	request := http1Request("edge.example.test")
	for _, tt := range []struct {
		name, answer string
		want         error
	}{
		{"204", "HTTP/1.1 204 No Content\r\nDate: x\r\nConnection: close\r\n\r\n", nil},
		{"no fields", "HTTP/1.1 204 No Content\r\n\r\n", nil},
		{"no reason", "HTTP/1.1 204\r\n\r\n", nil},
		{"200", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", errStatus1},
		{"2040", "HTTP/1.1 2040 No Content\r\n\r\n", errHead},
		{"HTTP/1.0", "HTTP/1.0 204 No Content\r\n\r\n", errHead},
		{"HTTP/2", "\x00\x00\x00\x04\x00\x00\x00\x00\x00\r\n\r\n", errHead},
		{"no field name", "HTTP/1.1 204 No Content\r\n: x\r\n\r\n", errHead},
		{"no colon", "HTTP/1.1 204 No Content\r\nDate\r\n\r\n", errHead},
		{"body", "HTTP/1.1 204 No Content\r\n\r\nx", errBody1},
		{"cut", "HTTP/1.1 204 No Content\r\nDate: x\r\n", io.EOF},
		{"nothing", "", io.EOF},
		{"long", "HTTP/1.1 204 No Content\r\nDate: " + strings.Repeat("x", maxHead), errLongHead},
	} {
		for how, reader := range map[string]io.Reader{
			"at once": strings.NewReader(tt.answer), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.answer)),
		} {
			if tt.name == "body" && how == "byte by byte" {
				continue // what comes after the head is not waited for
			}
			p := &peer{Reader: reader}
			if got := confirmHTTP1(p, request, new([maxAnswer]byte)); !errors.Is(got, tt.want) {
				t.Errorf("%s, %s: got %v, want %v", tt.name, how, got, tt.want)
			}
			if !bytes.Equal(p.told.Bytes(), request) {
				t.Errorf("%s: sent %q", tt.name, &p.told)
			}
		}
	}
}

// Nothing that a server says is more than an error, and only what begins with a 204 is none.
func FuzzConfirmHTTP1(f *testing.F) {
	f.Add([]byte("HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		err := confirmHTTP1(&peer{Reader: bytes.NewReader(answer)}, nil, new([maxAnswer]byte))
		if err == nil && !bytes.HasPrefix(answer, []byte("HTTP/1.1 204")) {
			t.Errorf("%q is taken for a 204", answer)
		}
	})
}
