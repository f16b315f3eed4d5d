package h3

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go/quicvarint"
)

func frameOf(kind uint64, payload string) string {
	out := quicvarint.Append(quicvarint.Append(nil, kind), uint64(len(payload)))
	return string(out) + payload
}

func TestAnswers(t *testing.T) {
	const ok = "\x00\x00\xff\x01" // :status 204 is entry 64 of the static table
	for _, tt := range []struct {
		name, answer string
		want         error
	}{
		{"204", frameOf(frameHeaders, ok), nil},
		{"with company", frameOf(0x21, "xyz") + frameOf(frameHeaders, ok) + frameOf(frameData, "") + frameOf(0x40, ""), nil},
		{"literal", frameOf(frameHeaders, "\x00\x00\x5f\x09\x03204"), nil},
		{"more fields", frameOf(frameHeaders, ok+"\x23abc\x01x"), nil},
		{"200", frameOf(frameHeaders, "\x00\x00\xd9"), errStatus},
		{"body", frameOf(frameHeaders, ok) + frameOf(frameData, "x"), errBody},
		{"DATA first", frameOf(frameData, "x") + frameOf(frameHeaders, ok), errFrame},
		{"SETTINGS", frameOf(frameSettings, ""), errFrame},
		{"twice", frameOf(frameHeaders, ok) + frameOf(frameHeaders, ok), errFrame},
		{"another field first", frameOf(frameHeaders, "\x00\x00\xd1"), errFieldLine},
		{"dynamic table", frameOf(frameHeaders, "\x01\x00\xd9"), errFieldLine},
		{"a cut field", frameOf(frameHeaders, ok+"\x23ab"), errFieldLine},
		{"no fields", frameOf(frameHeaders, "\x00\x00"), errFieldLine},
		{"a cut frame", frameOf(frameHeaders, ok)[:4], errFrame},
		{"half a length", "\x01\x40", errFrame},
		{"nothing", "", errNoAnswer},
		{"long", frameOf(0x21, strings.Repeat("x", maxAnswer)), errLongAnswer},
	} {
		if got := answered(strings.NewReader(tt.answer)); !errors.Is(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// What is written by hand is read by a decoder of the whole of QPACK.
func TestRequest(t *testing.T) {
	for _, authority := range []string{"edge.example.test", strings.Repeat("x", 127) + ".test"} {
		kind, section, rest, err := cutFrame(request(authority))
		if err != nil || kind != frameHeaders || len(rest) > 0 {
			t.Fatalf("got frame %d and %d bytes more: %v", kind, len(rest), err)
		}
		next := qpack.NewDecoder().Decode(section)
		for _, want := range []qpack.HeaderField{
			{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":path", Value: "/"},
			{Name: ":authority", Value: authority},
		} {
			if got, err := next(); err != nil || got != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
	}
	if got := hex.EncodeToString(settings[:]); got != "000400" {
		t.Errorf("the control stream is %s", got)
	}
}

// Nothing that a server says is more than an error.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(frameOf(frameHeaders, "\x00\x00\xff\x01")))
	f.Add([]byte(frameOf(0x21, "xyz") + frameOf(frameHeaders, "\x00\x00\x5f\x09\x03204") + frameOf(frameData, "")))
	f.Fuzz(func(t *testing.T, answer []byte) { checkAnswer(answer) })
}
