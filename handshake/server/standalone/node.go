package standalone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// handshakeTimeout bounds a handshake of the node plane, and a dial to the peer.
const handshakeTimeout = 15 * time.Second

// acceptPause is how long a plane waits for files to be closed when the process has no more of them.
const acceptPause = 5 * time.Millisecond

// serveNode serves the node plane until ctx ends.
func (s *server) serveNode(ctx context.Context, l net.Listener) error {
	config := s.config(tls.RequireAndVerifyClientCert)
	return each(ctx, l, func(raw net.Conn) { echo(tls.Server(raw, config)) })
}

// echo confirms the handshake, then sends back what it reads for as long as the client likes.
func echo(conn *tls.Conn) {
	conn.SetDeadline(time.Now().Add(handshakeTimeout))
	if conn.Handshake() != nil {
		return
	}
	conn.SetDeadline(time.Time{})
	if _, err := conn.Write([]byte{handshake.Confirmation}); err != nil {
		return
	}
	io.Copy(conn, conn) // until the client closes or ctx ends: a reset is a usual end
	conn.Close()
}

// each serves a listener's connections side by side until ctx ends; then it closes them and waits for their ends.
func each(ctx context.Context, l net.Listener, serve func(net.Conn)) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			running.Go(func() { one(ctx, conn, serve) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			time.Sleep(acceptPause)
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

func one(ctx context.Context, conn net.Conn, serve func(net.Conn)) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	serve(conn)
}
