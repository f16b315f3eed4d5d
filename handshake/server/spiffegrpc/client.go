package spiffegrpc

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// reconnect is how soon a client tries again to connect.
var reconnect = backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second}

// ClientOptions are how a client deals with identities.
type ClientOptions struct {
	SPIFFE handshake.SPIFFE                                // Socket, Domain, Peer, Resumption, Keepalive and JWT are a client's, too
	Path   string                                          // of its identity; empty: ClientPath
	Source spiffe.Source                                   // of its identity, which stays open; nil: the Workload API at SPIFFE.Socket
	Dial   func(context.Context, string) (net.Conn, error) // a TCP connection; nil: by package net
}

// Client is a stock grpc-go client. It is safe for concurrent use.
type Client struct {
	conn   *grpc.ClientConn
	source *spiffe.Live // to be closed; nil: another's
	tokens *Tokens      // nil: calls bear no JWT-SVID
}

// Reply is what one call has shown.
type Reply struct {
	Serial    uint64        // of the server's leaf, as the connection has shown it
	NotAfter  time.Time     // of the server's leaf
	Caller    string        // the client's ID, as the server sees it
	Presented uint64        // serial of the client's leaf, as the server sees it
	Age       time.Duration // of the client's leaf, as the server sees it
	Left      time.Duration // until the client's leaf expires; negative: the call was allowed to an expired identity
	Resumed   bool          // the connection's handshake was resumed
}

// Dial makes a client for a server at host:port. It waits for the client's identity, not for a connection.
func Dial(ctx context.Context, target string, o ClientOptions) (*Client, error) {
	c := &Client{}
	if o.Path == "" {
		o.Path = ClientPath
	}
	if o.Source == nil {
		source, err := identify(ctx, o.SPIFFE.Socket, o.Path, Patience)
		if err != nil {
			return nil, err
		}
		c.source, o.Source = source, source
	}
	if err := c.open(target, o); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) open(target string, o ClientOptions) error {
	config, err := ClientConfig(o.Source, o.SPIFFE)
	if err != nil {
		return err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: handshakeTimeout}),
		grpc.WithDisableServiceConfig(),
	}
	if o.Dial != nil {
		options = append(options, grpc.WithContextDialer(o.Dial))
	}
	if pause := o.SPIFFE.Keepalive; pause > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: pause, Timeout: min(pause, 20*time.Second), PermitWithoutStream: true,
		}))
	}
	if o.SPIFFE.JWT {
		if c.tokens, err = NewTokens(o.SPIFFE, o.Source); err != nil {
			return err
		}
		options = append(options, grpc.WithPerRPCCredentials(c.tokens))
	}
	c.conn, err = grpc.NewClient("passthrough:///"+target, options...)
	return err
}

// ClientConfig is that of a client's handshakes.
func ClientConfig(source spiffe.Source, s handshake.SPIFFE) (*tls.Config, error) {
	authorize, err := authorizer(s)
	if err != nil {
		return nil, err
	}
	config, err := spiffe.ClientConfig(source, authorize, s.Resumption)
	if err != nil {
		return nil, err
	}
	config.MinVersion = tls.VersionTLS13
	return config, nil
}

// Call calls [Method] once. The error is one of grpc-go's status.
func (c *Client) Call(ctx context.Context) (Reply, error) {
	var p peer.Peer
	var out structpb.Struct
	if err := c.conn.Invoke(ctx, Method, &emptypb.Empty{}, &out, grpc.Peer(&p)); err != nil {
		return Reply{}, err
	}
	return newReply(&out, &p)
}

func newReply(s *structpb.Struct, p *peer.Peer) (r Reply, err error) {
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return r, fmt.Errorf("a reply over %T", p.AuthInfo)
	}
	leaf := info.State.PeerCertificates[0]
	r = Reply{Serial: serial(leaf), NotAfter: leaf.NotAfter, Resumed: info.State.DidResume}
	r.Caller = s.Fields["caller"].GetStringValue()
	r.Age = seconds(s.Fields["age"].GetNumberValue())
	r.Left = seconds(s.Fields["left"].GetNumberValue())
	r.Presented, err = strconv.ParseUint(s.Fields["serial"].GetStringValue(), 10, 64)
	return r, err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Connection is for calls of other methods, such as those of health and reflection.
func (c *Client) Connection() grpc.ClientConnInterface { return c.conn }

// Close closes the connection, and the client's own source.
func (c *Client) Close() error {
	var err error
	if c.conn != nil {
		err = c.conn.Close()
	}
	if c.tokens != nil {
		c.tokens.Close()
	}
	if c.source != nil {
		c.source.Close()
	}
	return err
}
