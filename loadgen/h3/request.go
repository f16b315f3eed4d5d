package h3

import (
	"errors"
	"io"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// What of HTTP/3 one GET needs: RFC 9114, sections 6.2 and 7.2.
const (
	controlStream = 0x0

	frameData     = 0x0
	frameHeaders  = 0x1
	frameSettings = 0x4

	maxAnswer = 4 << 10 // bytes of the whole request stream
)

var (
	errLongAnswer = errors.New("http/3: the answer is too long")
	errFrame      = errors.New("http/3: malformed frame")
	errFieldLine  = errors.New("http/3: malformed field section")
	errNoAnswer   = errors.New("http/3: the stream ended without an answer")
	errStatus     = errors.New("http/3: another status than 204")
	errBody       = errors.New("http/3: a body after status 204")
)

// settings is all that the control stream holds: its type and SETTINGS that leave every value as it is.
var settings = [...]byte{controlStream, frameSettings, 0}

// request is a GET of / in HEADERS. The field section refers to the static table of QPACK alone (RFC 9204, section
// 4.5.1 and appendix A): 17 is :method GET, 23 is :scheme https, 1 is :path /, and 0 the name of :authority.
func request(authority string) []byte {
	section := []byte{0, 0, 0xc0 | 17, 0xc0 | 23, 0xc0 | 1, 0x50}
	section = appendLength(section, len(authority))
	section = append(section, authority...)
	out := quicvarint.Append(nil, frameHeaders)
	out = quicvarint.Append(out, uint64(len(section)))
	return append(out, section...)
}

// appendLength writes the length of a string that is not coded (RFC 9204, section 4.1.1, with a prefix of 7 bits).
func appendLength(out []byte, n int) []byte {
	if n < 0x7f {
		return append(out, byte(n))
	}
	out = append(out, 0x7f)
	for n -= 0x7f; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}

// ask opens the control stream and sends the request.
func (d *dialer) ask(conn *quic.Conn) (*quic.Stream, error) {
	control, err := conn.OpenUniStream()
	if err != nil {
		return nil, err
	}
	if _, err := control.Write(settings[:]); err != nil {
		return nil, err
	}
	stream, err := conn.OpenStream()
	if err != nil {
		return nil, err
	}
	if _, err := stream.Write(d.request); err != nil {
		return nil, err
	}
	return stream, stream.Close()
}

// answered reads the answer to its end; nil: it is a 204.
func answered(stream io.Reader) error {
	var buffer [maxAnswer]byte
	n, err := io.ReadFull(stream, buffer[:])
	switch {
	case err == nil:
		return errLongAnswer
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	}
	return checkAnswer(buffer[:n])
}

// checkAnswer checks what a request stream held. Frames of unknown types are passed over (RFC 9114, section 9).
func checkAnswer(in []byte) error {
	confirmed := false
	for len(in) > 0 {
		kind, payload, rest, err := cutFrame(in)
		if err != nil {
			return err
		}
		in = rest
		switch {
		case kind == frameHeaders && confirmed:
			return errFrame // trailers, of no body
		case kind == frameHeaders:
			if err := checkStatus(payload); err != nil {
				return err
			}
			confirmed = true
		case kind == frameData && confirmed && len(payload) > 0:
			return errBody
		case kind <= 0x0d && (kind != frameData || !confirmed):
			return errFrame // those of RFC 9114 have no place here
		}
	}
	if !confirmed {
		return errNoAnswer
	}
	return nil
}

func cutFrame(in []byte) (kind uint64, payload, rest []byte, err error) {
	kind, n, err := quicvarint.Parse(in)
	if err != nil {
		return 0, nil, nil, errFrame
	}
	in = in[n:]
	length, n, err := quicvarint.Parse(in)
	if err != nil || length > uint64(len(in)-n) {
		return 0, nil, nil, errFrame
	}
	return kind, in[n:][:length], in[n:][length:], nil
}

// checkStatus checks a field section, whose first field is the status: it is the only pseudo-header field (RFC 9114,
// section 4.3.2).
func checkStatus(section []byte) error {
	next := qpack.NewDecoder().Decode(section)
	field, err := next()
	if err != nil || field.Name != ":status" {
		return errFieldLine
	}
	if field.Value != "204" {
		return errStatus
	}
	for {
		if _, err := next(); err == io.EOF {
			return nil
		} else if err != nil {
			return errFieldLine
		}
	}
}
