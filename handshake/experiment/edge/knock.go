package edge

import (
	"context"
	"crypto/tls"
	"net/http"
	"slices"
)

// knock makes one request of a connection of its own over TCP, by HTTP/2 where the config offers it, and returns what
// the handshake came to and the major version of HTTP.
func knock(ctx context.Context, address string, config *tls.Config) (*tls.ConnectionState, int, error) {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	if slices.Contains(config.NextProtos, "h2") {
		transport.ForceAttemptHTTP2 = true
	} else {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	defer transport.CloseIdleConnections()
	response, err := fetch(ctx, transport, "https://"+address)
	if err != nil {
		return nil, 0, err
	}
	return response.TLS, response.ProtoMajor, nil
}

// protocols of a gateway, with a client of each.
var protocols = []string{"h1", "h2", "h3"}

// generationBy is the generation that one request of a new connection by a protocol shows, in a full handshake.
func (m *memory) generationBy(ctx context.Context, protocol, address string) (uint64, error) {
	var state *tls.ConnectionState
	var err error
	switch protocol {
	case "h1":
		state, _, err = knock(ctx, address, m.client("http/1.1"))
	case "h2":
		state, _, err = knock(ctx, address, m.client("h2", "http/1.1"))
	case "h3":
		v := visitor{address: address, config: m.client("h3")}
		visited, failed := v.visit(ctx)
		state, err = &visited.TLS, failed
	}
	if err != nil {
		return 0, err
	}
	return generationOf(state), nil
}
