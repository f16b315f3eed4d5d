package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

func keepaliveGet() experiment.Experiment {
	return experiment.Experiment{
		Name:  "keepalive-get",
		Title: "how many handshakes a thousand requests are",
		Doc:   "One http.Client makes 1,000 requests, one after the other, of a net/http server that counts its handshakes.",
		Takes: 5 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runKeepaliveGet(ctx, 1000)
		},
	}
}

func runKeepaliveGet(ctx context.Context, requests uint64) (arms []experiment.Arm, err error) {
	for _, arm := range []struct {
		name      string
		role      experiment.Role
		doc       string
		keepAlive bool
	}{
		{"net/http", experiment.Published, "the client as it is: connections are kept", true},
		{"close", experiment.Control, "a client that keeps no connection", false},
	} {
		handshakes, err := get(ctx, requests, arm.keepAlive)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arm.name, err)
		}
		arms = append(arms, experiment.Arm{Name: arm.name, Role: arm.role, Doc: arm.doc, Measures: []experiment.Measure{
			experiment.Count("requests", "requests", requests, requests),
			experiment.Count("handshakes", "handshakes", handshakes, requests),
		}})
	}
	return arms, nil
}

// get makes requests of a server and returns how many handshakes it counted.
func get(ctx context.Context, requests uint64, keepAlive bool) (uint64, error) {
	m, err := newMemory()
	if err != nil {
		return 0, err
	}
	var handshakes atomic.Uint64
	config := m.server()
	config.VerifyConnection = func(tls.ConnectionState) error {
		handshakes.Add(1)
		return nil
	}
	address, stop, err := serveHTTP(&http.Server{TLSConfig: config, Handler: http.HandlerFunc(answer)})
	if err != nil {
		return 0, err
	}
	defer stop()
	transport := &http.Transport{TLSClientConfig: m.client(), DisableKeepAlives: !keepAlive}
	defer transport.CloseIdleConnections()
	for range requests {
		if _, err := fetch(ctx, transport, "https://"+address); err != nil {
			return 0, err
		}
	}
	return handshakes.Load(), nil
}

func answer(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }
