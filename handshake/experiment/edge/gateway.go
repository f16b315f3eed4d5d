package edge

import (
	"crypto/tls"
	"net"
	"net/http"

	"github.com/tlslab/tlslab/handshake/server"
)

// STAND-IN until handshake/server/gateway is there.
func serveGateway(config *tls.Config, settings server.Gateway) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", loopback)
	if err != nil {
		return "", nil, err
	}
	_, stopH3, err := serveH3(l.Addr().String(), config)
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{TLSConfig: config.Clone(), Handler: http.HandlerFunc(answer)}
	go s.ServeTLS(l, "", "")
	return l.Addr().String(), func() { s.Close(); stopH3() }, nil
}
