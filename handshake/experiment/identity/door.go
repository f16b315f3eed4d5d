package identity

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// knockTime is how long a handshake may take.
const knockTime = 5 * time.Second

// door is a TLS server that says the byte of confirmation to whom it lets in, and hangs up.
type door struct {
	listener net.Listener
	config   *tls.Config
	let      func(tls.ConnectionState) // told of each that is let in, before the byte; nil: nobody
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

func openDoor(config *tls.Config, let func(tls.ConnectionState)) (*door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &door{listener: listener, config: config, let: let, cancel: cancel}
	d.running.Go(func() { d.serve(ctx) })
	return d, nil
}

func (d *door) address() string { return d.listener.Addr().String() }

func (d *door) serve(ctx context.Context) {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return // closed
		}
		d.running.Go(func() { d.answer(ctx, conn) })
	}
}

// answer says nothing to those who are refused: their side has the alert.
func (d *door) answer(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	ctx, cancel := context.WithTimeout(ctx, knockTime)
	defer cancel()
	conn := tls.Server(raw, d.config)
	if conn.HandshakeContext(ctx) != nil {
		return
	}
	if d.let != nil {
		d.let(conn.ConnectionState())
	}
	conn.SetDeadline(time.Now().Add(knockTime))
	conn.Write([]byte{handshake.Confirmation})
	conn.Close()
}

// close waits for those that are being answered.
func (d *door) close() {
	d.listener.Close()
	d.cancel()
	d.running.Wait()
}

// knock makes one handshake and waits for the byte that says that the server has let it in, which comes after its
// session tickets.
func knock(ctx context.Context, address string, config *tls.Config) (s tls.ConnectionState, err error) {
	ctx, cancel := context.WithTimeout(ctx, knockTime)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return s, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	var byte1 [1]byte
	if _, err := conn.Read(byte1[:]); err != nil {
		return s, fmt.Errorf("confirmation: %w", err)
	}
	return conn.(*tls.Conn).ConnectionState(), nil
}
