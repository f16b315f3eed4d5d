package lab

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/exact"
)

// socketCalls are what a server needs for a connection. What it needs besides, for its scheduler and its poller, depends
// on who is faster.
var socketCalls = []string{"accept4", "close", "read", "setsockopt", "write"}

// syscallHandshakes is how many handshakes a server makes while its system calls are counted.
const syscallHandshakes = 400

// countSyscalls counts the system calls of the real server in each cell and variant that was counted.
func (c *count) countSyscalls(ctx context.Context, all []exact.Counts) error {
	if len(all) == 0 {
		return nil
	}
	const what = "system calls per handshake"
	if c.lab.Without["ebpf"] {
		c.lack(what, "left out by --without ebpf", "run without that flag")
		return nil
	}
	const layers = ebpf.Syscalls | ebpf.Scheduler
	capable := ebpf.Probe()
	if capable.Layers()&layers != layers {
		c.lack(what, "eBPF cannot watch system calls here", "see what tlslab host says of eBPF")
		return nil
	}
	for i := range all {
		if err := c.countCalls(ctx, &all[i], kernelObserver{layers: layers}); err != nil {
			return fmt.Errorf("counting system calls of %s in %s: %w", all[i].Variant, all[i].Cell, err)
		}
	}
	return nil
}

// countCalls makes handshakes with the server that a block would have, one after the other.
func (c *count) countCalls(ctx context.Context, counts *exact.Counts, observer instrument) error {
	c.lab.Speak(fmt.Sprintf("counting system calls of %s in %s", counts.Variant, counts.Cell))
	own := *c.Run
	own.observer = observer
	t := trial{variant: own.variant(counts.Variant)}
	t.variant.Server.GOMAXPROCS = 1 // of several Ps one wakes the poller of another, by system calls, where it is in time to
	for _, cell := range own.plan.Cells {
		if cell.Name == counts.Cell {
			t.cell = cell
		}
	}
	t.cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Handshakes: syscallHandshakes}
	s, err := own.try(ctx, t)
	if err != nil {
		return err
	}
	counts.Syscalls = callsPerHandshake(s.watched.account.Syscalls, s.block.Server.Ledger.Completed)
	return nil
}

// callsPerHandshake leaves out the calls that found nothing to do: how often a server asks too early is not its doing.
// A tenth is more than what the control channel adds, which is some calls of the whole stretch.
func callsPerHandshake(all []account.Syscall, handshakes uint64) map[string]float64 {
	each := map[string]float64{}
	for _, call := range all {
		if slices.Contains(socketCalls, call.Name) {
			each[call.Name] = math.Round(10*float64(call.Count-call.Again)/float64(max(handshakes, 1))) / 10
		}
	}
	return each
}
