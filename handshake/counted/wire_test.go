package counted

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// Two connections over one stream stay apart, though a reader asks for more than one has.
func TestWire(t *testing.T) {
	var stream bytes.Buffer
	out := &wire{out: &stream}
	for _, text := range []string{"one", "", "two", "three", ""} {
		var err error
		if text == "" {
			err = out.end()
		} else {
			_, err = out.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if out.sent != uint64(len("onetwothree")) {
		t.Errorf("%d bytes were sent", out.sent)
	}
	in := &wire{in: &stream}
	var got []string
	for range 2 {
		in.ended = false
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	if want := []string{"one", "twothree"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := in.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestWireBroken(t *testing.T) {
	for _, test := range []struct {
		name, stream string
		want         error
	}{
		{"within a length", "\x00\x00", io.ErrUnexpectedEOF},
		{"within a frame", "\x00\x00\x00\x05abc", io.ErrUnexpectedEOF},
		{"between frames", "\x00\x00\x00\x01a", io.ErrUnexpectedEOF},
	} {
		w := &wire{in: strings.NewReader(test.stream)}
		if _, err := io.ReadAll(w); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	w := &wire{in: strings.NewReader("\xff\xff\xff\xff"), out: io.Discard}
	if err := w.next(); err == nil {
		t.Error("a frame of 4 GiB is read")
	}
	if _, err := w.Write(nil); err == nil {
		t.Error("an empty write is taken for the end of the connection")
	}
}
