package lab

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
)

// Host is the number by chance that stands for this machine in every bundle; it is kept in the cache of servers.
func Host(cache string) (string, error) { return hostID(cache) }

// Sizes is what the plan's baseline takes for a handshake in its first cell on this machine: what a plant of work has
// to be sized by.
type Sizes struct {
	CPU         float64       // seconds of the server
	Compression float64       // seconds of the server for one of SHA-256, 64 bytes
	Allocs      float64       // objects on the server's heap
	AllocBytes  float64       // bytes of them
	Wire        float64       // bytes on the wire, both ways
	Service     time.Duration // median of the service time
}

const (
	sizingRounds       = 2 // of ABBA
	sizingLength       = 500 * time.Millisecond
	sizingCompressions = 4096 // more than a hundred microseconds, so that what is left of it after noise is most of it
)

// Sizes measures them in a few seconds, in turns without and with many compressions in each handshake.
func (r *Run) Sizes(ctx context.Context) (*Sizes, error) {
	r.lab.Speak("measuring what the work to plant must be sized by")
	var plain, burning tally
	for range sizingRounds {
		for _, count := range []int{0, sizingCompressions, sizingCompressions, 0} {
			into := &plain
			if count > 0 {
				into = &burning
			}
			if err := r.sizeOne(ctx, count, into); err != nil {
				return nil, err
			}
		}
	}
	return plain.sizes(&burning)
}

// sizeOne measures one stretch with so many compressions in each handshake.
func (r *Run) sizeOne(ctx context.Context, compressions int, into *tally) error {
	t := r.trial()
	t.cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Length: sizingLength}
	if compressions > 0 {
		t.variant.Server.Plant = &server.Plant{Component: "burn", Count: compressions}
	}
	s, err := r.try(ctx, t)
	if err != nil {
		return fmt.Errorf("sizing: %w", err)
	}
	into.add(s)
	return nil
}

// tally adds up stretches.
type tally struct {
	handshakes, cpu, allocs, bytes, wire float64
	service                              []time.Duration // medians
}

func (t *tally) add(s *stretch) {
	t.handshakes += float64(s.block.Server.Ledger.Completed)
	t.cpu += s.block.Server.CPU.Total().Seconds()
	t.allocs += float64(s.block.Server.Runtime.AllocObjects)
	t.bytes += float64(s.block.Server.Runtime.AllocBytes)
	t.wire += float64(s.block.Client.BytesIn + s.block.Client.BytesOut)
	t.service = append(t.service, time.Duration(s.block.Client.Service.Quantile(0.5)))
}

func (t *tally) sizes(burning *tally) (*Sizes, error) {
	if t.handshakes == 0 || burning.handshakes == 0 {
		return nil, &Violation{What: "sizing: no handshake was completed"}
	}
	slices.Sort(t.service)
	s := &Sizes{
		CPU:        t.cpu / t.handshakes,
		Allocs:     t.allocs / t.handshakes,
		AllocBytes: t.bytes / t.handshakes,
		Wire:       t.wire / t.handshakes,
		Service:    t.service[len(t.service)/2],
	}
	s.Compression = (burning.cpu/burning.handshakes - s.CPU) / sizingCompressions
	if s.Compression <= 0 {
		return nil, &Violation{
			What: fmt.Sprintf("%d compressions of SHA-256 in each handshake cost the server nothing that could be measured", sizingCompressions),
			Hint: "wait until the machine is quiet",
		}
	}
	return s, nil
}
