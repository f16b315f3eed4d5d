package loadgen

import (
	"crypto/tls"
	"fmt"
	"io"

	"github.com/tlslab/tlslab/handshake"
)

// confirm waits for the proof that the server has verified the client's Finished, on a connection that negotiated an
// ALPN protocol. Nil is the proof. What the server sent before it, such as tickets, has been read then.
type confirm func(conn *tls.Conn, buffer *[maxAnswer]byte, protocol string) error

// maxAnswer bounds what is read at a time of an answer: a frame of HTTP/2 with its header, or the head of an answer by
// HTTP/1.1.
const maxAnswer = frameHeader + maxFrame

// confirmation is how a job's server confirms. A gateway does by an HTTP answer: by HTTP/2 where h2 was negotiated, and
// by HTTP/1.1 with every other protocol, and with none. That is not what was asked for but what was negotiated, so that
// another protocol than the one asked for is a mismatch, not a broken connection.
func confirmation(job Job) (confirm, error) {
	switch job.App {
	case "", "plain":
		return confirmByte, nil
	case "gateway":
		one, two := http1Request(job.ServerName), http2Request(job.ServerName)
		return func(conn *tls.Conn, buffer *[maxAnswer]byte, protocol string) error {
			if protocol == "h2" {
				return confirmHTTP2(conn, two, buffer)
			}
			return confirmHTTP1(conn, one, buffer)
		}, nil
	}
	return nil, fmt.Errorf("the dialer stock does not speak to the app %s", job.App)
}

// confirmByte reads [handshake.Confirmation].
func confirmByte(conn *tls.Conn, buffer *[maxAnswer]byte, _ string) error {
	if _, err := io.ReadFull(conn, buffer[:1]); err != nil {
		return err
	}
	if buffer[0] != handshake.Confirmation {
		return errWrongByte
	}
	return nil
}
