package lab

import (
	"errors"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// sized is a block of a thousand handshakes, each of which took the server so long.
func sized(cpu time.Duration) results.Block {
	b := results.Block{
		Server: server.Report{
			Ledger:  handshake.ServerLedger{Completed: 1000},
			CPU:     handshake.CPU{User: 1000 * cpu},
			Runtime: server.Runtime{AllocObjects: 625_000, AllocBytes: 57_800_000},
		},
		Client: loadgen.Result{BytesIn: 2_000_000, BytesOut: 642_000},
	}
	b.Client.Service.Record(int64(2 * cpu))
	return b
}

func TestSizes(t *testing.T) {
	const cpu, compression = 700 * time.Microsecond, 50 * time.Nanosecond
	plain := []results.Block{sized(cpu), sized(9 * cpu), sized(cpu)} // one was disturbed
	burning := []results.Block{sized(cpu + sizingCompressions*compression)}
	got, err := newSizes(plain, burning)
	if err != nil {
		t.Fatal(err)
	}
	if got.CPU != cpu.Seconds() || got.Allocs != 625 || got.AllocBytes != 57_800 || got.Wire != 2642 {
		t.Errorf("got %+v", got)
	}
	if got.Service < 1390*time.Microsecond || got.Service > 1410*time.Microsecond {
		t.Errorf("service time %v, want 1.4 ms", got.Service)
	}
	if got.Compression < 49.9e-9 || got.Compression > 50.1e-9 {
		t.Errorf("a compression takes %v s, want 50 ns", got.Compression)
	}
	var violation *Violation
	if _, err := newSizes(plain, plain); !errors.As(err, &violation) {
		t.Errorf("compressions that cost nothing: got %v, want a violation", err)
	}
}
