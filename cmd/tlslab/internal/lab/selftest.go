package lab

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// Host is the number by chance that stands for this machine in every bundle; it is kept in the cache of servers.
func Host(cache string) (string, error) { return hostID(cache) }

// Sizes is what the plan's baseline takes for a handshake in its first cell on this machine: what a plant of work has
// to be sized by. Each is the median of some stretches.
type Sizes struct {
	CPU         float64       // seconds of the server
	Compression float64       // seconds of the server for one of SHA-256, 64 bytes
	Allocs      float64       // objects on the server's heap
	AllocBytes  float64       // bytes of them
	Wire        float64       // bytes on the wire, both ways
	Service     time.Duration // median of the service time
}

const (
	sizingRounds       = 4 // of ABBA
	sizingLength       = 300 * time.Millisecond
	sizingCompressions = 1 << 14 // about a millisecond: what one takes is not lost in the noise
)

// Sizes measures them in some ten seconds, in turns without and with many compressions in each handshake.
func (r *Run) Sizes(ctx context.Context) (*Sizes, error) {
	r.lab.Speak("measuring what the work to plant must be sized by")
	var plain, burning []results.Block
	for range sizingRounds {
		for _, count := range []int{0, sizingCompressions, sizingCompressions, 0} {
			block, err := r.sizeOne(ctx, count)
			if err != nil {
				return nil, fmt.Errorf("sizing: %w", err)
			}
			if count == 0 {
				plain = append(plain, *block)
			} else {
				burning = append(burning, *block)
			}
		}
	}
	return newSizes(plain, burning)
}

// sizeOne measures one stretch with so many compressions in each handshake.
func (r *Run) sizeOne(ctx context.Context, compressions int) (*results.Block, error) {
	t := r.trial()
	t.cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Length: sizingLength}
	if compressions > 0 {
		t.variant.Server.Plant = &server.Plant{Component: "burn", Count: compressions}
	}
	s, err := r.try(ctx, t)
	if err != nil {
		return nil, err
	}
	if s.block.Server.Ledger.Completed == 0 {
		return nil, &Violation{What: "no handshake was completed"}
	}
	return &s.block, nil
}

func newSizes(plain, burning []results.Block) (*Sizes, error) {
	cpu := func(b results.Block) float64 { return b.Server.CPU.Total().Seconds() }
	s := &Sizes{
		CPU:        perHandshake(plain, cpu),
		Allocs:     perHandshake(plain, func(b results.Block) float64 { return float64(b.Server.Runtime.AllocObjects) }),
		AllocBytes: perHandshake(plain, func(b results.Block) float64 { return float64(b.Server.Runtime.AllocBytes) }),
		Wire:       perHandshake(plain, func(b results.Block) float64 { return float64(b.Client.BytesIn + b.Client.BytesOut) }),
		Service:    time.Duration(medianOf(plain, func(b results.Block) float64 { return float64(b.Client.Service.Quantile(0.5)) })),
	}
	s.Compression = (perHandshake(burning, cpu) - s.CPU) / sizingCompressions
	if s.Compression <= 0 {
		return nil, &Violation{
			What: fmt.Sprintf("%d compressions of SHA-256 in each handshake cost the server nothing that could be measured", sizingCompressions),
			Hint: "wait until the machine is quiet",
		}
	}
	return s, nil
}

// perHandshake is the median of a total over the handshakes of its block.
func perHandshake(blocks []results.Block, total func(results.Block) float64) float64 {
	return medianOf(blocks, func(b results.Block) float64 { return total(b) / float64(b.Server.Ledger.Completed) })
}

func medianOf(blocks []results.Block, of func(results.Block) float64) float64 {
	var all []float64
	for _, b := range blocks {
		all = append(all, of(b))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
