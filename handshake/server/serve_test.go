package server

import (
	"context"
	"net"
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

// Whoever serves without a control channel has the books all the same, once he is done.
func TestServe(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var books handshake.ServerLedger
	ended := make(chan error)
	go func() {
		var err error
		books, err = Serve(ctx, listener, f.settings)
		ended <- err
	}()
	c := &child{t: t, address: listener.Addr().String()}
	for range 2 {
		if err := c.shake(f.client); err != nil {
			t.Error(err)
		}
	}
	cancel()
	if err := <-ended; err != nil || books.Accepted != 2 || books.Completed != 2 || books.Shape.Groups["P-256"] != 2 {
		t.Errorf("got %+v, %v", books, err)
	}
}

func TestServeBadSettings(t *testing.T) {
	if _, err := Serve(t.Context(), nil, Settings{App: "gopher"}); err == nil {
		t.Error("an unknown app is served")
	}
}
