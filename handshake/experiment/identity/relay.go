package identity

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// relay is a TCP proxy in front of a server, for one client. Its peers stay connected to it, and so does TCP; once it
// swallows, nothing that they say arrives.
type relay struct {
	listener net.Listener
	target   string
	swallow  atomic.Bool
	said     atomic.Int64 // how often something came from the server
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func openRelay(target string) (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener: l, target: target}
	r.running.Go(r.serve)
	return r, nil
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) serve() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", r.target)
		if err != nil {
			client.Close()
			continue
		}
		r.keep(client, server)
		r.running.Go(func() { r.pass(server, client, new(atomic.Int64)) })
		r.running.Go(func() { r.pass(client, server, &r.said) })
	}
}

func (r *relay) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, conns...)
}

// pass carries what one side says to the other. While it swallows, an end is not passed on either.
func (r *relay) pass(to io.WriteCloser, from io.Reader, said *atomic.Int64) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			said.Add(1)
		}
		switch {
		case err != nil && r.swallow.Load():
			return
		case err != nil:
			to.Close()
			return
		case r.swallow.Load():
		default:
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}

func (r *relay) close() {
	r.listener.Close()
	r.mu.Lock()
	for _, c := range r.conns {
		c.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}
