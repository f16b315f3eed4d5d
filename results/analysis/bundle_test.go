package analysis

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// made describes a synthetic bundle: a machine with 1 % noise and no drift.
type made struct {
	groups     int
	handshakes int                // of each block
	cost       map[string]float64 // of one handshake on the server, by variant, relative to 600 µs
	cells      []results.Cell
	gates      []results.Gate
}

// standard: two variants that cost the same, one closed-loop cell, eight groups.
func standard() made {
	return made{
		groups: 8, handshakes: 400,
		cost:  map[string]float64{"std": 1, "boringcrypto": 1},
		cells: []results.Cell{fullCell()},
	}
}

func fullCell() results.Cell {
	spec := handshake.Spec{Kind: handshake.Full, Group: handshake.P384, Signature: handshake.ECDSAP384}
	return results.Cell{
		Name: spec.String(), Spec: spec, Variants: []string{"std", "boringcrypto"},
		Load: loadgen.Load{Name: "service", Loop: loadgen.Closed, Workers: 4, Handshakes: 400},
	}
}

func openLoop(c *results.Cell) {
	c.Load = loadgen.Load{Name: "objective", Loop: loadgen.Open, Workers: 64, Process: loadgen.Poisson,
		Phases: []loadgen.Phase{{Length: time.Second, Rate: 400}}}
}

func (m made) bundle() *results.Bundle {
	rng := rand.New(rand.NewPCG(7, 11))
	b := &results.Bundle{Manifest: results.Manifest{
		Schema: results.Schema, Seed: 7, Scenario: results.Scenario{Name: "synthetic"},
		Variants: []results.Variant{
			{Name: "std", Baseline: true, Hello: server.Hello{GOMAXPROCS: 1}},
			{Name: "boringcrypto", Hello: server.Hello{GOMAXPROCS: 1}},
		},
		Cells: m.cells, Gates: m.gates,
		Limits:      results.Limits{GeneratorCPU: 0.85, Lateness: time.Millisecond, Steal: 0.02, Steady: 0.10},
		Environment: results.Environment{OS: "linux", Arch: "amd64", CPUModel: "Synthetic CPU"},
	}}
	for g := range m.groups {
		for _, cell := range m.cells {
			for order, variant := range abba(cell.Variants, rng) {
				block := m.block(cell, variant, rng)
				block.Index, block.Group, block.Order = len(b.Blocks), g, order
				b.Blocks = append(b.Blocks, block)
			}
		}
	}
	b.Manifest.Blocks = len(b.Blocks)
	return b
}

func abba(variants []string, rng *rand.Rand) []string {
	if len(variants) != 2 {
		return variants
	}
	x, y := variants[0], variants[1]
	if rng.IntN(2) == 0 {
		x, y = y, x
	}
	return []string{x, y, y, x}
}

func (m made) block(cell results.Cell, variant string, rng *rand.Rand) results.Block {
	cost := time.Duration(600e3 * m.cost[variant] * (1 + 0.01*rng.NormFloat64()))
	n := time.Duration(m.handshakes)
	wall := n * cost * 5 / 4
	shape := shapeOf(cell.Spec, uint64(n))
	b := results.Block{
		Cell: cell.Name, Variant: variant, Started: time.Unix(1_800_000_000, 0).UTC(),
		System: results.System{ServerCPUs: []int{0}, ClientCPUs: []int{1}},
		Server: server.Report{
			Ledger:  handshake.ServerLedger{Accepted: uint64(n), Completed: uint64(n), Shape: shape},
			Wall:    wall,
			CPU:     handshake.CPU{User: n * cost * 3 / 4, System: n * cost / 4},
			Runtime: server.Runtime{AllocObjects: 830 * uint64(n), AllocBytes: 122_000 * uint64(n), MutexWait: 80 * n},
		},
		Client: loadgen.Result{
			Ledger:  handshake.ClientLedger{Began: uint64(n), Connected: uint64(n), Confirmed: uint64(n), Shape: shape},
			Wall:    wall,
			CPU:     handshake.CPU{User: wall / 2},
			BytesIn: 2500 * uint64(n), BytesOut: 700 * uint64(n),
			GOMAXPROCS: 1,
		},
	}
	for i := range time.Duration(25) {
		b.Server.Samples = append(b.Server.Samples, server.Sample{At: wall * i / 24, Completed: uint64(n * i / 24), CPU: n * i / 24 * cost})
	}
	for range n {
		took := int64(cost) + rng.Int64N(int64(cost))
		b.Client.Handshake.Record(took)
		b.Client.Service.Record(took + 50e3)
		b.Client.Response.Record(took + 50e3)
		b.Client.Lateness.Record(20e3)
	}
	return b
}

func shapeOf(spec handshake.Spec, n uint64) handshake.Shape {
	s := handshake.Shape{
		Groups:     map[string]uint64{spec.Group.String(): n},
		Suites:     map[string]uint64{handshake.AES128GCM.String(): n},
		Signatures: map[string]uint64{spec.Signature.String(): n},
		ALPN:       map[string]uint64{"none": n},
	}
	if spec.Kind == handshake.Resumed {
		s.Resumed = n
	}
	if spec.Mutual {
		s.Mutual = n
	}
	return s
}

// blocksFor yields the blocks of a variant, to be changed.
func blocksFor(b *results.Bundle, variant string) []*results.Block {
	var some []*results.Block
	for i := range b.Blocks {
		if b.Blocks[i].Variant == variant {
			some = append(some, &b.Blocks[i])
		}
	}
	return some
}

func analyse(t *testing.T, b *results.Bundle) *Analysis {
	t.Helper()
	a, err := Of(b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func effectOn(t *testing.T, a *Analysis, metric string) Effect {
	t.Helper()
	for _, e := range a.Effects {
		if e.Metric == metric {
			return e
		}
	}
	t.Fatalf("no effect on %s", metric)
	return Effect{}
}
