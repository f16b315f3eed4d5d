package spiffegrpc

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"
)

// TestNothingIsLeft has neither a server nor a client leave a goroutine behind, whatever was open.
func TestNothingIsLeft(t *testing.T) {
	l := newLab(t, time.Hour)
	round := func() {
		s := l.settings()
		s.Expiry, s.Breaker, s.JWT, s.Audit, s.Tracing, s.Keepalive = true, true, true, true, "otel", time.Second
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- Serve(ctx, listener, Options{SPIFFE: s}) }()
		client, err := Dial(ctx, listener.Addr().String(), ClientOptions{SPIFFE: s})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Call(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		client.Close()
	}
	round()
	before := settled(0, 20)
	for range 5 {
		round()
	}
	if after := settled(before, 500); after > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("got %d goroutines, %d before\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
}

// settled is how many goroutines there are when there are no more than enough, or after so many hundredths of a second.
func settled(enough, looks int) int {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range looks {
		if n := runtime.NumGoroutine(); n <= enough {
			return n
		}
		<-ticker.C
	}
	return runtime.NumGoroutine()
}
