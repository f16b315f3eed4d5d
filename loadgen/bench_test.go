package loadgen

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// BenchmarkOverhead is what the generator adds to a handshake: everything but the handshake itself. The cost of
// starting and closing a stretch is spread over b.N.
func BenchmarkOverhead(b *testing.B) {
	b.Run("closed", func(b *testing.B) {
		b.ReportAllocs()
		overhead(b, Load{Loop: Closed, Workers: 2, Handshakes: uint64(b.N)})
	})
	b.Run("open", func(b *testing.B) { // every handshake is late, so that none is waited for
		b.ReportAllocs()
		overhead(b, Load{Loop: Open, Process: Poisson, Workers: 2, Drain: time.Hour, Phases: []Phase{{Length: time.Duration(b.N), Rate: 1e9}}})
	})
}

func overhead(b *testing.B, load Load) {
	if _, err := Run(b.Context(), dialFunc(instant), load, 1); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkConnect is TCP connect and reset alone: the generator's, with a source address of its own for each, and
// that of net.Dial.
func BenchmarkConnect(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	b.Cleanup(func() { listener.Close() })
	b.Run("stock", func(b *testing.B) { benchmarkStockConnect(b, listener.Addr().String()) })
	b.Run("net", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			reset(conn.(*net.TCPConn))
		}
	})
}

func benchmarkStockConnect(b *testing.B, target string) {
	b.ReportAllocs()
	stock, err := NewStock(Job{Target: target, ServerName: "server.test", Roots: newAuthority(b).roots, Load: Load{Workers: 1}, Close: RST})
	if err != nil {
		b.Fatal(err)
	}
	for seq := uint64(0); b.Loop(); seq++ {
		conn, err := stock.connect(b.Context(), seq, time.Now().Add(time.Second))
		if err != nil {
			b.Fatal(err)
		}
		reset(conn)
	}
}

func reset(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}

// BenchmarkHandshake is a whole handshake with a server in the same process, for scale.
func BenchmarkHandshake(b *testing.B) {
	for _, kind := range []handshake.Kind{handshake.Full, handshake.Resumed} {
		b.Run(kind.String(), func(b *testing.B) {
			server := serve(b, nil)
			job := server.job(handshake.Spec{Kind: kind, Group: handshake.X25519}, 1, uint64(b.N))
			stock, err := NewStock(job)
			if err != nil {
				b.Fatal(err)
			}
			if err := stock.Fill(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			r, err := Run(context.Background(), stock, job.Load, 1)
			if err != nil || r.Ledger.Confirmed != uint64(b.N) {
				b.Fatalf("got %+v, %v", r.Ledger, err)
			}
		})
	}
}
