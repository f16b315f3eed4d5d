package server

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

// handshakeTimeout bounds one connection: handshake, confirmation and the client's close.
const handshakeTimeout = 15 * time.Second

// acceptPause is how long the server waits for files to be closed when it has no more of them.
const acceptPause = 5 * time.Millisecond

// Plain is the app that speaks nothing above TLS: it confirms and waits for the client to close.
type Plain struct{}

// Serve is described at [App].
func (Plain) Serve(ctx context.Context, s *Stage) error {
	stop := context.AfterFunc(ctx, func() { s.TCP.Close() })
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := Accept(ctx, s.TCP)
		if err != nil || conn == nil {
			return err
		}
		s.Ledger.Accept()
		running.Go(func() { s.plain(ctx, conn) })
	}
}

// Accept is the next connection of a listener; nil once ctx has ended. It waits where the process has no more files: the
// client waits too, and its clock shows it.
func Accept(ctx context.Context, listener net.Listener) (net.Conn, error) {
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			return nil, nil
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED):
			time.Sleep(acceptPause)
		case err != nil:
			return nil, fmt.Errorf("accept: %w", err)
		default:
			return conn, nil
		}
	}
}

func (s *Stage) plain(ctx context.Context, raw net.Conn) {
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(handshakeTimeout))
	state, err := confirm(tls.Server(raw, s.Config))
	if err != nil {
		s.Ledger.Reject(Reason(err))
		return
	}
	defer s.Ledger.Complete(handshake.ServerOutcome(state, s.Leaf))
	io.Copy(io.Discard, raw) // until the client closes: a reset is its usual way
}

// confirm carries out the handshake and sends the byte that says so.
func confirm(conn *tls.Conn) (tls.ConnectionState, error) {
	if err := shake(conn); err != nil {
		return tls.ConnectionState{}, err
	}
	state := conn.ConnectionState()
	EnterConfirmation(state.DidResume)
	_, err := conn.Write([]byte{handshake.Confirmation})
	return state, err
}
