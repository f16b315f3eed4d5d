// Package counted is one side of a handshake as a program of its own, so that what it does can be counted: the server
// is that of package server, connection by connection, and the client that of package loadgen, less what measures
// time.
//
// # Why a test program
//
// Two runs do the same only where they draw the same random numbers. testing/cryptotest makes the whole of crypto draw
// them from a seed, and needs a *testing.T to be told. So the program is this package's tests, built with go test -c:
// see [Arguments]. Where a build cannot be seeded (BoringCrypto, version 1.0.0 of the FIPS 140-3 module) its [Hello]
// says so, and more handshakes make up for it.
//
// # Why sides are processes
//
// What counts instructions counts those of a process. Each of the two has one goroutine that works at a time, one P,
// no collector and no network: the handshakes of one connection after the other go over one stream, which blocks. So
// the random numbers of a side are drawn in one order, whatever the other does meanwhile.
//
// # Why there are two sizes
//
// A process starts, loads certificates and ends, and that costs more than a handshake does. Two runs, of few and of
// more handshakes, share all of it. Their difference is what the handshakes cost that one has and the other has not:
// all that a [Report] counts is meant to be subtracted.
package counted

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
)

// Stream is the descriptor that a side inherits for its handshakes: one end of a socket pair, the other side has the
// other.
const Stream = 3

// Arguments are those of the test program that make it a side: it says [Hello], reads an [Order] and answers with a
// [Report], one line each, on its standard output and input.
func Arguments() []string { return []string{"-test.run=^TestSide$", sideArgument} }

const sideArgument = "side"

// Hello is what the program says first: what is really running.
type Hello struct {
	server.Hello
	Features []string             `json:"features"` // of the CPU as this process sees it under GODEBUG, see accel.CPU.GoFeatures
	Seeded   bool                 `json:"seeded"`   // it draws its random numbers from the order's seed
	Settings []debug.BuildSetting `json:"settings"` // Build, which is left out: to write a map costs what its order costs, which is by chance
}

// Order is what a side has to do: serve with Server, or make handshakes as Client asks.
type Order struct {
	Seed       uint64           `json:"seed"`
	Server     *server.Settings `json:"server,omitempty"`
	Client     *loadgen.Job     `json:"client,omitempty"`     // target, load and close are not used: there is one stream
	Handshakes int              `json:"handshakes,omitempty"` // of the client after a first full one; a server serves until the client is done
}

// Report is what a side counted while it carried out its order, of all handshakes together.
type Report struct {
	Error      string `json:"error,omitempty"`
	Handshakes uint64 `json:"handshakes"` // confirmed; each of the client's is what was asked
	Allocs     uint64 `json:"allocs"`     // heap objects
	AllocBytes uint64 `json:"alloc_bytes"`
	Sent       uint64 `json:"sent_bytes"`
}

// Greet is the hello of this process.
func Greet(seeded bool) Hello {
	h := Hello{Hello: server.Identity(), Features: accel.Detect().GoFeatures, Seeded: seeded}
	h.Build = nil
	if info, ok := debug.ReadBuildInfo(); ok {
		h.Settings = info.Settings
	}
	return h
}

// Identity is the hello as a server says it.
func (h Hello) Identity() server.Hello {
	whole := h.Hello
	whole.Build = map[string]string{}
	for _, s := range h.Settings {
		whole.Build[s.Key] = s.Value
	}
	return whole
}

// Run carries out an order over one end of a stream, which it closes.
func Run(ctx context.Context, stream io.ReadWriteCloser, o Order) Report {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := &wire{in: stream, out: stream}
	handshakes, err := o.run(ctx, w)
	r := Report{Handshakes: handshakes, Sent: w.sent}
	if err != nil {
		r.Error = err.Error()
	}
	stream.Close()
	runtime.ReadMemStats(&after)
	r.Allocs, r.AllocBytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return r
}

func (o Order) run(ctx context.Context, w *wire) (uint64, error) {
	switch {
	case (o.Server == nil) == (o.Client == nil):
		return 0, fmt.Errorf("an order is for the server or for the client")
	case o.Server != nil:
		return serve(ctx, w, *o.Server)
	}
	c, err := newClient(w, *o.Client)
	if err != nil {
		return 0, err
	}
	return c.run(o.Handshakes)
}
