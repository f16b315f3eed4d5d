package loadgen

import (
	"bytes"
	"errors"
	"io"
)

// maxHead bounds the head of an answer by HTTP/1.1.
const maxHead = 4 << 10

var (
	errLongHead = errors.New("http/1.1: the head of the answer is too long")
	errHead     = errors.New("http/1.1: malformed answer")
	errStatus1  = errors.New("http/1.1: another status than 204")
	errBody1    = errors.New("http/1.1: a body after status 204")
)

// http1Request asks for / and for the end of the connection (RFC 9112, section 9.6).
func http1Request(host string) []byte {
	return []byte("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
}

// confirmHTTP1 asks by HTTP/1.1 and reads the head of the answer, which must be that of a 204.
func confirmHTTP1(conn io.ReadWriter, request []byte, buffer *[maxAnswer]byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	for head := buffer[:0]; ; {
		n, err := conn.Read(buffer[len(head):maxHead])
		head = buffer[:len(head)+n]
		if length := bytes.Index(head, []byte("\r\n\r\n")); length >= 0 {
			return checkHead(head[:length+2], head[length+4:])
		}
		switch {
		case err != nil:
			return err
		case len(head) == maxHead:
			return errLongHead
		}
	}
}

// checkHead checks a head, of which every line ends, and what came after it: nothing, for a 204 has no body (RFC 9110,
// section 15.3.5).
func checkHead(head, rest []byte) error {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	status, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(status) < 3 || len(status) > 3 && status[3] != ' ' {
		return errHead
	}
	for field := range bytes.SplitSeq(bytes.TrimSuffix(fields, []byte("\r\n")), []byte("\r\n")) {
		if len(fields) > 0 && bytes.IndexByte(field, ':') <= 0 {
			return errHead
		}
	}
	switch {
	case string(status[:3]) != "204":
		return errStatus1
	case len(rest) > 0:
		return errBody1
	}
	return nil
}
