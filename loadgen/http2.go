package loadgen

import (
	"encoding/binary"
	"errors"
	"io"
)

// What of HTTP/2 one GET needs: RFC 9113, sections 4.1 and 6.
const (
	frameHeader = 9
	maxFrame    = 16 << 10 // of a payload: the least that every side must take, and the most where nothing else was agreed
	maxFrames   = 32       // until the answer

	frameData        = 0x0
	frameHeaders     = 0x1
	frameReset       = 0x3
	frameSettings    = 0x4
	framePushPromise = 0x5
	framePing        = 0x6
	frameGoAway      = 0x7

	flagAck        = 0x1 // of SETTINGS and PING
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20

	settingTable = 0x1
	settingPush  = 0x2
)

var (
	errFrameSize   = errors.New("http/2: a frame of the wrong size")
	errFrame       = errors.New("http/2: a frame out of place")
	errNoSettings  = errors.New("http/2: the first frame is not SETTINGS")
	errManyFrames  = errors.New("http/2: too many frames before the answer")
	errReset       = errors.New("http/2: the server reset the stream")
	errGoAway      = errors.New("http/2: the server goes away")
	errStatus2     = errors.New("http/2: another status than 204")
	errBody2       = errors.New("http/2: a body after status 204")
	errFieldLine   = errors.New("http/2: malformed field section")
	errSplitFields = errors.New("http/2: an answer in more than one frame")
)

// http2Request is all that the client says first: its preface, SETTINGS without push and without a dynamic table, and
// a GET of / on stream 1 (RFC 9113, sections 3.4, 6.5.2 and 8.3.1).
func http2Request(authority string) []byte {
	out := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	out = appendFrame(out, frameSettings, 0, 0, []byte{0, settingTable, 0, 0, 0, 0, 0, settingPush, 0, 0, 0, 0})
	return appendFrame(out, frameHeaders, flagEndStream|flagEndHeaders, 1, requestFields(authority))
}

func appendFrame(out []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	out = append(out, byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), kind, flags)
	out = binary.BigEndian.AppendUint32(out, stream)
	return append(out, payload...)
}

// frame is one of the server's.
type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

// readFrame reads a frame into the buffer.
func readFrame(conn io.Reader, buffer *[maxAnswer]byte) (frame, error) {
	if _, err := io.ReadFull(conn, buffer[:frameHeader]); err != nil {
		return frame{}, err
	}
	length := int(buffer[0])<<16 | int(buffer[1])<<8 | int(buffer[2])
	if length > maxFrame {
		return frame{}, errFrameSize
	}
	f := frame{
		kind:    buffer[3],
		flags:   buffer[4],
		stream:  binary.BigEndian.Uint32(buffer[5:]) &^ (1 << 31), // the highest bit is reserved
		payload: buffer[frameHeader : frameHeader+length],
	}
	_, err := io.ReadFull(conn, f.payload)
	return f, err
}

// confirmHTTP2 asks by HTTP/2 and reads frames until the answer, which must be a 204.
func confirmHTTP2(conn io.ReadWriter, request []byte, buffer *[maxAnswer]byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	for i := range maxFrames {
		f, err := readFrame(conn, buffer)
		switch {
		case err != nil:
			return err
		case i == 0 && (f.kind != frameSettings || f.flags&flagAck != 0):
			return errNoSettings
		}
		if answered, err := f.take(conn); answered || err != nil {
			return err
		}
	}
	return errManyFrames
}

// take does what a frame asks for and says whether it was the answer. Frames of kinds that mean nothing to one GET, and
// of unknown ones (RFC 9113, section 5.5), are passed over.
func (f frame) take(conn io.Writer) (answered bool, err error) {
	switch f.kind {
	case frameSettings:
		return false, f.agree(conn)
	case framePing:
		return false, f.pong(conn)
	case frameHeaders:
		return true, f.answer()
	case frameReset:
		return false, errReset
	case frameGoAway:
		return false, errGoAway
	case frameData, framePushPromise:
		return false, errFrame
	}
	return false, nil
}

// agree acknowledges SETTINGS at once (RFC 9113, section 6.5.3): none of them matters to a GET that is sent already.
func (f frame) agree(conn io.Writer) error {
	switch {
	case f.stream != 0:
		return errFrame
	case f.flags&flagAck != 0 && len(f.payload) != 0, len(f.payload)%6 != 0:
		return errFrameSize
	case f.flags&flagAck != 0:
		return nil
	}
	_, err := conn.Write(appendFrame(nil, frameSettings, flagAck, 0, nil))
	return err
}

// pong answers a PING (RFC 9113, section 6.7).
func (f frame) pong(conn io.Writer) error {
	switch {
	case f.stream != 0:
		return errFrame
	case len(f.payload) != 8:
		return errFrameSize
	case f.flags&flagAck != 0:
		return nil
	}
	_, err := conn.Write(appendFrame(nil, framePing, flagAck, 0, f.payload))
	return err
}

// answer checks HEADERS: a 204 on stream 1 and the end of it.
func (f frame) answer() error {
	fields, err := f.fields()
	switch {
	case err != nil:
		return err
	case f.stream != 1:
		return errFrame
	case f.flags&flagEndHeaders == 0:
		return errSplitFields
	}
	status, err := firstStatus(fields)
	switch {
	case err != nil:
		return err
	case status != "204":
		return errStatus2
	case f.flags&flagEndStream == 0:
		return errBody2
	}
	return nil
}

// fields is the field section of HEADERS, without padding and priority (RFC 9113, section 6.2).
func (f frame) fields() ([]byte, error) {
	fields, padding := f.payload, 0
	if f.flags&flagPadded != 0 {
		if len(fields) == 0 {
			return nil, errFrameSize
		}
		padding, fields = int(fields[0]), fields[1:]
	}
	if f.flags&flagPriority != 0 {
		if len(fields) < 5 {
			return nil, errFrameSize
		}
		fields = fields[5:]
	}
	if padding > len(fields) {
		return nil, errFrameSize
	}
	return fields[:len(fields)-padding], nil
}
