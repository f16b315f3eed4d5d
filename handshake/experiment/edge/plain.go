package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

// patience of one connection, at either end.
const patience = 30 * time.Second

// loopback is where servers listen.
const loopback = "127.0.0.1:0"

// plain is a server of TLS alone: it confirms every handshake by a byte and waits for the client to close. Its
// connections share no lock but those of the config: a context that all of them wait for would be one.
type plain struct {
	address  string
	listener net.Listener
	running  sync.WaitGroup
	open     sync.Map // of net.Conn
	cancel   func()
}

func servePlain(config *tls.Config) (*plain, error) {
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &plain{address: listener.Addr().String(), listener: listener, cancel: cancel}
	p.running.Go(func() {
		for {
			raw, err := server.Accept(ctx, listener)
			if raw == nil || err != nil {
				break
			}
			p.open.Store(raw, nil)
			p.running.Go(func() {
				confirm(raw, config)
				p.open.Delete(raw)
			})
		}
		p.open.Range(func(raw, _ any) bool {
			raw.(net.Conn).Close()
			return true
		})
	})
	return p, nil
}

// stop returns when no goroutine of the server runs.
func (p *plain) stop() {
	p.cancel()
	p.listener.Close()
	p.running.Wait()
}

// confirm is the server's side of one connection.
func confirm(raw net.Conn, config *tls.Config) {
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(patience))
	conn := tls.Server(raw, config)
	if conn.Handshake() != nil {
		return
	}
	if _, err := conn.Write([]byte{handshake.Confirmation}); err == nil {
		io.Copy(io.Discard, raw)
	}
}

// shake makes a handshake with a plain server and leaves no trace of the connection in the kernel's tables.
func shake(address string, config *tls.Config) (state tls.ConnectionState, err error) {
	conn, err := dial(address, config)
	if err != nil {
		return state, err
	}
	defer reset(conn)
	var word [1]byte
	if _, err := io.ReadFull(conn, word[:]); err != nil {
		return state, err
	}
	if word[0] != handshake.Confirmation {
		return state, errors.New("not a confirmation")
	}
	return conn.ConnectionState(), nil
}

// dial makes a handshake over TCP. The connection has a deadline.
func dial(address string, config *tls.Config) (*tls.Conn, error) {
	raw, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	raw.SetDeadline(time.Now().Add(patience))
	conn := tls.Client(raw, config)
	if err := conn.Handshake(); err != nil {
		reset(conn)
		return nil, err
	}
	return conn, nil
}

// reset closes with RST, which leaves no TIME_WAIT behind.
func reset(conn *tls.Conn) {
	raw := conn.NetConn()
	if tcp, is := raw.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	raw.Close()
}
