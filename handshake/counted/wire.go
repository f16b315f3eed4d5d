package counted

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// wire is one end of a stream that carries one connection after the other. Each write is a frame, its length in four
// bytes before it; one of no bytes ends the connection. crypto/tls reads ahead, so without frames it would read into
// the next connection.
type wire struct {
	in    io.Reader // the stream, as an interface that needs no conversion: the runtime caches those by chance
	out   io.Writer
	sent  uint64 // bytes, without the lengths
	left  int    // of the frame that is being read
	ended bool   // the connection, by the peer
	frame []byte // what is being written
}

const (
	lengthBytes = 4
	maxFrame    = 1 << 20 // more than crypto/tls writes at once
)

// Read reads of one connection, whose end is io.EOF.
func (w *wire) Read(b []byte) (int, error) {
	if w.left == 0 && !w.ended {
		if err := w.next(); err != nil {
			return 0, within(err)
		}
	}
	if w.ended {
		return 0, io.EOF
	}
	n, err := w.in.Read(b[:min(len(b), w.left)])
	w.left -= n
	return n, within(err)
}

// within is the error of a stream that ends before its connection does.
func within(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next reads the length of the next frame. It fails with io.EOF where the peer is done.
func (w *wire) next() error {
	var length [lengthBytes]byte
	if _, err := io.ReadFull(w.in, length[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxFrame {
		return fmt.Errorf("a frame of %d bytes", n)
	}
	w.left, w.ended = int(n), n == 0
	return nil
}

// Write writes one frame.
func (w *wire) Write(b []byte) (int, error) {
	if len(b) == 0 || len(b) > maxFrame {
		return 0, errors.New("a frame of no bytes or too many")
	}
	w.sent += uint64(len(b))
	return len(b), w.put(b)
}

func (w *wire) put(b []byte) error {
	w.frame = append(binary.BigEndian.AppendUint32(w.frame[:0], uint32(len(b))), b...)
	_, err := w.out.Write(w.frame)
	return err
}

// end ends the connection for the peer.
func (w *wire) end() error { return w.put(nil) }

// skip reads to the end of the connection, or of the stream.
func (w *wire) skip() { _, _ = io.Copy(io.Discard, w) }

// address is the address of either end.
type address struct{}

func (address) Network() string { return "stream" }
func (address) String() string  { return "stream" }

// conn is one connection of a wire.
type conn struct {
	*wire
	close func() error
}

func (c conn) Close() error                     { return c.close() }
func (c conn) LocalAddr() net.Addr              { return address{} }
func (c conn) RemoteAddr() net.Addr             { return address{} }
func (c conn) SetDeadline(time.Time) error      { return nil }
func (c conn) SetReadDeadline(time.Time) error  { return nil }
func (c conn) SetWriteDeadline(time.Time) error { return nil }
