package loadgen

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// say is frames of a server, back to back.
func say(frames ...[]byte) []byte { return slices.Concat(frames...) }

var (
	hello    = appendFrame(nil, frameSettings, 0, 0, []byte{0, 3, 0, 0, 0, 100})
	ack      = appendFrame(nil, frameSettings, flagAck, 0, nil)
	answer   = appendFrame(nil, frameHeaders, flagEndStream|flagEndHeaders, 1, []byte{0x20, 0x89})
	anything = appendFrame(nil, 0xfa, 0xff, 77, []byte("x"))
	window   = appendFrame(nil, 0x8, 0, 0, []byte{0, 0, 0, 1})
)

func headers(flags byte, stream uint32, payload string) []byte {
	return appendFrame(nil, frameHeaders, flags, stream, []byte(payload))
}

func TestConfirmHTTP2(t *testing.T) {
	const whole = flagEndStream | flagEndHeaders
	ping := appendFrame(nil, framePing, 0, 0, []byte("12345678"))
	acks := string(ack)
	for _, tt := range []struct {
		name   string
		says   []byte
		want   error
		answer string // what the client sends after its request
	}{
		{"204", say(hello, answer), nil, acks},
		{"with company", say(hello, window, ack, anything, answer), nil, acks},
		{"ping", say(hello, ping, answer), nil, acks + string(appendFrame(nil, framePing, flagAck, 0, []byte("12345678")))},
		{"ping's answer", say(hello, appendFrame(nil, framePing, flagAck, 0, []byte("12345678")), answer), nil, acks},
		{"SETTINGS twice", say(hello, hello, answer), nil, acks + acks},
		{"padded, with priority", say(hello, headers(whole|flagPadded|flagPriority, 1, "\x02\x00\x00\x00\x00\x00\x89\x00\x00")), nil, acks},
		{"literal", say(hello, headers(whole, 1, "\x48\x03204")), nil, acks},
		{"literal, never indexed", say(hello, headers(whole, 1, "\x18\x03204")), nil, acks},
		{"literal, coded", say(hello, headers(whole, 1, "\x08\x82\x10\x1a")), nil, acks},
		{"200", say(hello, headers(whole, 1, "\x88")), errStatus2, acks},
		{"literal 503", say(hello, headers(whole, 1, "\x08\x03503")), errStatus2, acks},
		{"literal, coded in another way", say(hello, headers(whole, 1, "\x08\x81\x10")), errStatus2, acks},
		{"with a body", say(hello, headers(flagEndHeaders, 1, "\x89")), errBody2, acks},
		{"in two frames", say(hello, headers(flagEndStream, 1, "\x89")), errSplitFields, acks},
		{"on stream 3", say(hello, headers(whole, 3, "\x89")), errFrame, acks},
		{"no status", say(hello, headers(whole, 1, "\x82")), errFieldLine, acks},
		{"a name of its own", say(hello, headers(whole, 1, "\x00\x01x\x01y")), errFieldLine, acks},
		{"a dynamic table", say(hello, headers(whole, 1, "\x3f\xe1\x1f\x89")), errFieldLine, acks},
		{"no fields", say(hello, headers(whole, 1, "")), errFieldLine, acks},
		{"a cut literal", say(hello, headers(whole, 1, "\x08\x0420")), errFieldLine, acks},
		{"an endless integer", say(hello, headers(whole, 1, "\xff\xff\xff\xff\xff\xff")), errFieldLine, acks},
		{"padding alone", say(hello, headers(whole|flagPadded, 1, "\x09\x89")), errFrameSize, acks},
		{"no priority", say(hello, headers(whole|flagPriority, 1, "\x00")), errFrameSize, acks},
		{"no SETTINGS", say(answer), errNoSettings, ""},
		{"an acknowledgement first", say(ack, hello, answer), errNoSettings, ""},
		{"SETTINGS of 5 bytes", appendFrame(nil, frameSettings, 0, 0, make([]byte, 5)), errFrameSize, ""},
		{"SETTINGS of a stream", appendFrame(nil, frameSettings, 0, 1, nil), errFrame, ""},
		{"PING of 7 bytes", say(hello, appendFrame(nil, framePing, 0, 0, make([]byte, 7))), errFrameSize, acks},
		{"DATA first", say(hello, appendFrame(nil, frameData, 0, 1, nil)), errFrame, acks},
		{"push", say(hello, appendFrame(nil, framePushPromise, 0, 1, nil)), errFrame, acks},
		{"reset", say(hello, appendFrame(nil, frameReset, 0, 1, make([]byte, 4))), errReset, acks},
		{"goes away", say(hello, appendFrame(nil, frameGoAway, 0, 0, make([]byte, 8))), errGoAway, acks},
		{"a large frame", say(hello, []byte{0, 0x40, 1, 0, 0, 0, 0, 0, 0}), errFrameSize, acks},
		{"no end", say(append([][]byte{hello}, slices.Repeat([][]byte{window}, maxFrames)...)...), errManyFrames, acks},
		{"cut", say(hello, answer[:10]), io.ErrUnexpectedEOF, acks},
		{"nothing", nil, io.EOF, ""},
	} {
		p := &peer{Reader: bytes.NewReader(tt.says)}
		if got := confirmHTTP2(p, []byte("request"), new([maxAnswer]byte)); !errors.Is(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if got := strings.TrimPrefix(p.told.String(), "request"); got != tt.answer {
			t.Errorf("%s: answered %q, want %q", tt.name, got, tt.answer)
		}
	}
}

func TestHTTP2Request(t *testing.T) {
	want := hex.EncodeToString([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) +
		"00000c" + "04" + "00" + "00000000" + "000100000000" + "000200000000" + // SETTINGS
		"000016" + "01" + "05" + "00000001" + "828784" + "0111" + hex.EncodeToString([]byte("edge.example.test")) // HEADERS
	if got := hex.EncodeToString(http2Request("edge.example.test")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The examples of RFC 7541, appendix C.1, and a few more, there and back.
func TestIntegers(t *testing.T) {
	for _, tt := range []struct {
		n, value int
		coded    string
	}{{5, 10, "0a"}, {5, 1337, "1f9a0a"}, {8, 42, "2a"}, {7, 126, "7e"}, {7, 127, "7f00"}, {7, 255, "7f8001"}} {
		coded := appendInteger(nil, tt.n, tt.value)
		if got := hex.EncodeToString(coded); got != tt.coded {
			t.Errorf("%d with a prefix of %d: got %s, want %s", tt.value, tt.n, got, tt.coded)
		}
		if value, rest, ok := readInteger(append(coded, 'x'), tt.n); !ok || value != tt.value || string(rest) != "x" {
			t.Errorf("%s: got %d and %q, %t", tt.coded, value, rest, ok)
		}
	}
}

// Nothing that a server says is more than an error, and nothing makes the client talk without end.
func FuzzConfirmHTTP2(f *testing.F) {
	f.Add(say(hello, answer))
	f.Add(say(hello, window, ack, anything, answer))
	f.Add(say(hello, headers(flagEndStream|flagEndHeaders, 1, "\x48\x03204")))
	f.Fuzz(func(t *testing.T, says []byte) {
		p := &peer{Reader: bytes.NewReader(says)}
		confirmHTTP2(p, nil, new([maxAnswer]byte))
		if most := maxFrames * (frameHeader + 8); p.told.Len() > most {
			t.Errorf("the client answered %d bytes, at most %d", p.told.Len(), most)
		}
	})
}
