package spiffegrpc

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/tlslab/tlslab/handshake"
	app "github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

// errTaken is of a second connection where a handshake is to be one.
var errTaken = errors.New("one connection is all that there is")

// seat is what one worker handshakes and calls with at a time.
type seat struct {
	*dialer
	config *tls.Config
	sent   atomic.Bool // the client's certificate, in the handshake under way

	live    *grpc.ClientConn // of live calls; nil before Fill
	current atomic.Pointer[wire]
}

func newSeat(d *dialer, config *tls.Config) *seat {
	s := &seat{dialer: d, config: config}
	present := config.GetClientCertificate
	config.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		s.sent.Store(true)
		return present(request)
	}
	return s
}

// channel makes one of grpc-go; it connects when it is first called over.
func (s *seat) channel(transport credentials.TransportCredentials, connect func(context.Context, string) (net.Conn, error)) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithContextDialer(connect),
		grpc.WithAuthority(s.name),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0), // a live connection stays
	}
	if s.tokens != nil {
		options = append(options, grpc.WithPerRPCCredentials(s.tokens))
	}
	return grpc.NewClient("passthrough:///"+s.target, options...)
}

// shake makes a connection, a handshake and a call.
func (s *seat) shake(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	w, err := s.tcp(ctx)
	if err != nil {
		return err
	}
	defer w.Close() // whatever grpc-go made of it
	o.Connected = now()
	s.sent.Store(false)
	seen := newShown()
	var taken atomic.Bool
	channel, err := s.channel(watched{credentials.NewTLS(s.config), seen, now}, func(context.Context, string) (net.Conn, error) {
		if taken.Swap(true) {
			return nil, errTaken
		}
		return w, nil
	})
	if err != nil {
		return err
	}
	defer channel.Close()
	state, err := invoke(ctx, channel)
	confirmed := now()
	seen.answered.Store(err == nil || refused(err))
	complete, cause := seen.read()
	o.Complete = complete
	if err != nil {
		return blame(ctx, err, cause)
	}
	o.Confirmed, o.BytesIn, o.BytesOut = confirmed, w.in.Load(), w.out.Load()
	if s.rst {
		w.abort()
	}
	return s.see(state, o)
}

func (s *seat) tcp(ctx context.Context) (*wire, error) {
	dialer := net.Dialer{KeepAlive: -1}
	raw, err := dialer.DialContext(ctx, "tcp", s.target)
	if err != nil {
		return nil, err
	}
	return &wire{TCPConn: raw.(*net.TCPConn)}, nil
}

// see compares what was negotiated with what was asked.
func (s *seat) see(state tls.ConnectionState, o *handshake.Observation) error {
	leaf := state.PeerCertificates[0]
	o.Outcome = handshake.ClientOutcome(state, state.DidResume || s.sent.Load())
	if leaf.SerialNumber.IsUint64() {
		o.Generation = leaf.SerialNumber.Uint64()
	}
	return s.spec.Check(o.Outcome)
}

// connect makes the connection of live calls, and one call over it.
func (s *seat) connect(ctx context.Context) (err error) {
	s.live, err = s.channel(credentials.NewTLS(s.config), func(ctx context.Context, _ string) (net.Conn, error) {
		w, err := s.tcp(ctx)
		if err != nil {
			return nil, err
		}
		s.current.Store(w)
		return w, nil
	})
	if err != nil {
		return err
	}
	_, err = invoke(ctx, s.live)
	return blame(ctx, err, nil)
}

// call calls over the worker's own connection.
func (s *seat) call(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	before := s.current.Load()
	in, out := before.in.Load(), before.out.Load()
	state, err := invoke(ctx, s.live)
	confirmed := now()
	if err == nil || refused(err) {
		o.Connected = max(o.Began, 1)
		o.Complete = o.Connected
	}
	if err != nil {
		return blame(ctx, err, nil)
	}
	after := s.current.Load()
	if after != before {
		in, out = 0, 0
	}
	o.Confirmed, o.BytesIn, o.BytesOut = confirmed, after.in.Load()-in, after.out.Load()-out
	return s.see(state, o)
}

func (s *seat) close() error {
	if s.live == nil {
		return nil
	}
	return s.live.Close()
}

// invoke calls the server's method once, and returns the connection that the reply came over.
func invoke(ctx context.Context, channel *grpc.ClientConn) (tls.ConnectionState, error) {
	var p peer.Peer
	var reply structpb.Struct
	if err := channel.Invoke(ctx, app.Method, &emptypb.Empty{}, &reply, grpc.Peer(&p)); err != nil {
		return tls.ConnectionState{}, err
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return tls.ConnectionState{}, errors.New("a reply without TLS")
	}
	return info.State, nil
}

// refused says whether it was the server that refused the call.
func refused(err error) bool { return status.Code(err) == codes.PermissionDenied }

// blame is why a call failed, in words without addresses: the server's own, the connection's, else those of grpc-go's code.
func blame(ctx context.Context, err, cause error) error {
	switch {
	case err == nil:
		return nil
	case refused(err):
		return errors.New("refused: " + status.Convert(err).Message())
	case cause != nil:
		return cause
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return errors.New("rpc: " + status.Code(err).String())
}
