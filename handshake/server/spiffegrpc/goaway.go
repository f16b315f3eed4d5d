package spiffegrpc

import (
	"encoding/binary"
	"net"
	"sync"
)

// framed is the server's side of an HTTP/2 connection above TLS. It follows where frames begin in what is written (RFC
// 9113, section 4.1), so that a frame of its own can be put between two of them. A server's bytes are frames from the
// first one on.
type framed struct {
	net.Conn

	mu     sync.Mutex
	header [9]byte // of the frame under way, as far as written
	have   int     // bytes of it
	rest   int     // of the frame's payload, not yet written
	begun  bool    // the first frame, which must be SETTINGS, has been written
	asked  bool    // a GOAWAY is to be written as soon as one may be
	left   bool    // one has been written, by grpc-go or here: the highest stream would be more than a second one may say
}

// goAwayType is in the fourth byte of a frame's header (RFC 9113, section 6.8).
const goAwayType = 7

// goAway is the frame: stream 0, the highest of all streams as the last one that is served, NO_ERROR.
var goAway = [17]byte{2: 8, 3: goAwayType, 9: 0x7f, 10: 0xff, 11: 0xff, 12: 0xff}

func (f *framed) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.Conn.Write(b)
	f.follow(b[:n])
	if err == nil && f.asked {
		err = f.leave()
	}
	return n, err
}

// follow moves on by what was written.
func (f *framed) follow(b []byte) {
	for len(b) > 0 {
		if f.rest == 0 {
			n := copy(f.header[f.have:], b)
			f.have, b = f.have+n, b[n:]
			if f.have < len(f.header) {
				return
			}
			f.left = f.left || f.header[3] == goAwayType
			f.rest, f.have = int(binary.BigEndian.Uint32(f.header[:4])>>8), 0
		}
		n := min(f.rest, len(b))
		f.rest, b = f.rest-n, b[n:]
		f.begun = f.begun || f.rest == 0
	}
}

// Leave tells the client to open no more streams here: now, or when the frame under way has been written.
func (f *framed) Leave() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = true
	return f.leave()
}

func (f *framed) leave() error {
	if f.left || !f.begun || f.have > 0 || f.rest > 0 {
		return nil
	}
	f.asked, f.left = false, true
	_, err := f.Conn.Write(goAway[:])
	return err
}
