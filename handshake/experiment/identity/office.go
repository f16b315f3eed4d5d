package identity

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

// office is a gRPC server in this process.
type office struct {
	address string
	cancel  context.CancelFunc
	served  chan error
}

// openOffice serves on a free port, or on a listener if there is one.
func openOffice(l net.Listener, o spiffegrpc.Options) (*office, error) {
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &office{address: l.Addr().String(), cancel: cancel, served: make(chan error, 1)}
	go func() { f.served <- spiffegrpc.Serve(ctx, l, o) }()
	return f, nil
}

// close ends the server and waits for it; an error says why it had ended before.
func (f *office) close() error {
	f.cancel()
	return <-f.served
}

// callTime is how long a call may take.
const callTime = 5 * time.Second

// visitor is a client that makes one call after the other, and knows which of them came first on their connections.
type visitor struct {
	client *spiffegrpc.Client
	dials  atomic.Int64
	known  int64 // dials at the last call
}

func visit(ctx context.Context, address string, o spiffegrpc.ClientOptions) (v *visitor, err error) {
	v = &visitor{}
	o.Dial = func(ctx context.Context, address string) (net.Conn, error) {
		v.dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	v.client, err = spiffegrpc.Dial(ctx, address, o)
	return v, err
}

// call makes one call, which is not interrupted. The kind is that of the connection's handshake for the first call over
// it.
func (v *visitor) call(ctx context.Context) (reply spiffegrpc.Reply, kind handshake.Kind, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	reply, err = v.client.Call(ctx)
	switch n := v.dials.Load(); {
	case n == v.known:
		kind = handshake.Live
	case reply.Resumed:
		v.known, kind = n, handshake.Resumed
	default:
		v.known = n
	}
	return reply, kind, err
}

// inTurn calls until ctx ends, with a pause before each, and enters the calls.
func (v *visitor) inTurn(ctx context.Context, thinking time.Duration, book *register) {
	for pause(ctx, thinking) {
		reply, kind, err := v.call(ctx)
		book.call(reply, kind, err)
	}
}
