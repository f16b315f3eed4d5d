package gateway

import (
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
)

// An ill backend's protocol is preferred no more, and again once it is well. Nobody is refused for it.
func TestHealthOrdersTheList(t *testing.T) {
	var ill atomic.Bool
	asked := make(chan struct{}, 1)
	backend := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		select {
		case asked <- struct{}{}:
		default:
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := &http.Server{Handler: backend}
	go served.Serve(listener)
	defer served.Close()
	_, c := in(t, Settings{Gateway: server.Gateway{
		Prefer: preferHealth, Every: 5 * time.Millisecond,
		Health: []server.Backend{{Protocol: "h2", URL: "http://" + listener.Addr().String()}},
	}})
	await := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; <-asked {
			if c.negotiated("h2", "http/1.1") == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q was never preferred", want)
			}
		}
	}
	await("h2")
	ill.Store(true)
	await("http/1.1")
	if got := c.negotiated("h2"); got != "h2" {
		t.Errorf("a client that speaks h2 alone got %q", got)
	}
	ill.Store(false)
	await("h2")
}

func TestOrdered(t *testing.T) {
	list := []string{"h2", "http/1.1", "lab"}
	for _, tt := range []struct{ ill, want []string }{
		{nil, list},
		{[]string{"h2"}, []string{"http/1.1", "lab", "h2"}},
		{[]string{"h2", "lab"}, []string{"http/1.1", "h2", "lab"}},
		{list, list},
		{[]string{"h3"}, list},
	} {
		ill := map[string]bool{}
		for _, p := range tt.ill {
			ill[p] = true
		}
		if got := ordered(list, ill); !slices.Equal(got, tt.want) {
			t.Errorf("ill %q: got %q, want %q", tt.ill, got, tt.want)
		}
	}
}
