package loadgen

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

func TestServeDelays(t *testing.T) {
	const size = 5 * time.Millisecond
	server := serve(t, nil)
	job := server.job(handshake.Spec{Group: handshake.P256}, 1, 20)
	job.Warmup = 10 * time.Millisecond
	job.Delay = &Delay{Size: size, Every: 4}
	g := startGenerator(t, job)
	g.awaitReady(t)
	r := g.run(t)
	if len(r.Delayed) != 5 {
		t.Fatalf("got %d delays of 20 handshakes, want every fourth, none of the warm-up", len(r.Delayed))
	}
	for _, d := range r.Delayed {
		if d.Size < size || d.Port == 0 {
			t.Errorf("got %+v, want at least %v and a port", d, size)
		}
	}
	if long := time.Duration(r.Handshake.Quantile(0.9)); long < size {
		t.Errorf("the p90 of the handshake time is %v, shorter than the delay of every fourth", long)
	}
}
