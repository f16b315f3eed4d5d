package edge

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/tlslab/tlslab/handshake/server/gateway"
)

// portTries is how many free TCP ports are tried until one is free for UDP, too.
const portTries = 16

// serveGateway serves HTTP/1.1, HTTP/2 and HTTP/3 at one port until it is stopped. The config is the gateway's own from
// then on.
func serveGateway(config *tls.Config, settings gateway.Settings) (address string, stop func() error, err error) {
	sockets, err := listen()
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Serve(ctx, sockets, config, settings) }()
	return sockets.TCP.Addr().String(), func() error {
		cancel()
		err := <-ended
		sockets.TCP.Close()
		sockets.UDP.Close()
		return err
	}, nil
}

func listen() (s gateway.Sockets, err error) {
	for range portTries {
		if s.TCP, err = net.Listen("tcp", loopback); err != nil {
			return s, err
		}
		if s.UDP, err = net.ListenPacket("udp", s.TCP.Addr().String()); err == nil {
			return s, nil
		}
		s.TCP.Close()
	}
	return s, err
}
