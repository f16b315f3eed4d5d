package counted

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/tlslab/tlslab/handshake/server"
)

// serve serves one connection of the wire after the other until the client is done.
func serve(ctx context.Context, w *wire, s server.Settings) (handshakes uint64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	books, err := server.Serve(ctx, newListener(w, cancel), s)
	if err != nil {
		return 0, err
	}
	if books.Rejected > 0 {
		return books.Completed, fmt.Errorf("the server rejected %d handshakes: %v", books.Rejected, books.Reasons)
	}
	return books.Completed, nil
}

// listener accepts the connections of a wire. It holds one at a time.
type listener struct {
	wire *wire
	turn chan struct{} // empty: a connection is open
	done func()        // called where the client is done
}

func newListener(w *wire, done func()) *listener {
	l := &listener{w, make(chan struct{}, 1), done}
	l.turn <- struct{}{}
	return l
}

// Accept waits for the first frame of the next connection.
func (l *listener) Accept() (net.Conn, error) {
	<-l.turn
	l.wire.ended = false
	if err := l.wire.next(); err != nil {
		if err == io.EOF {
			l.done()
		}
		return nil, err
	}
	var once sync.Once
	return conn{l.wire, func() error {
		once.Do(func() {
			l.wire.skip() // of a client that was rejected and still speaks
			l.turn <- struct{}{}
		})
		return nil
	}}, nil
}

// Close does nothing: the stream is the client's to end.
func (l *listener) Close() error { return nil }

func (l *listener) Addr() net.Addr { return address{} }
