package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// handOver is what TLSNextProto calls for a protocol, once its handshake is over.
type handOver = func(*http.Server, *tls.Conn, http.Handler)

func nextProto() experiment.Experiment {
	return experiment.Experiment{
		Name:  "nextproto",
		Title: "what a TLSNextProto map of one's own does to HTTP/2",
		Doc:   "A net/http server with and without a TLSNextProto map that has a protocol of its own and no h2; a client that prefers h2 makes one request.",
		Takes: time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runNextProto(ctx)
		},
	}
}

func runNextProto(ctx context.Context) (arms []experiment.Arm, err error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	for _, arm := range []struct {
		name string
		role experiment.Role
		doc  string
		next map[string]handOver
	}{
		{"default", experiment.Control, "no map: net/http adds h2 by itself", nil},
		{"custom-map", experiment.Published, "a map with one protocol of its own", map[string]handOver{
			"lab": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { conn.Close() },
		}},
	} {
		major, negotiated, err := protocolOf(ctx, m, arm.next)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arm.name, err)
		}
		h2 := uint64(0)
		if major == 2 {
			h2 = 1
		}
		arms = append(arms, experiment.Arm{
			Name: arm.name, Role: arm.role, Doc: arm.doc,
			Measures: []experiment.Measure{experiment.Count("h2", "connections", h2, 1)},
			Notes:    []string{fmt.Sprintf("negotiated %q", negotiated)},
		})
	}
	return arms, nil
}

// protocolOf makes one request and returns the major version of HTTP and the protocol of ALPN that it was made by.
func protocolOf(ctx context.Context, m *memory, next map[string]handOver) (int, string, error) {
	address, stop, err := serveHTTP(&http.Server{TLSConfig: m.server(), TLSNextProto: next, Handler: http.HandlerFunc(answer)})
	if err != nil {
		return 0, "", err
	}
	defer stop()
	transport := &http.Transport{TLSClientConfig: m.client(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	response, err := fetch(ctx, transport, "https://"+address)
	if err != nil {
		return 0, "", err
	}
	return response.ProtoMajor, response.TLS.NegotiatedProtocol, nil
}
