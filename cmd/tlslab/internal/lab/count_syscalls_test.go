package lab

import (
	"testing"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/exact"
)

// A server accepts and closes once for each connection; what it reads more, by a plant, is seen to the call.
func TestCountSyscalls(t *testing.T) {
	r := laboratory(t)
	count1 := func(plant *server.Plant) map[string]float64 {
		t.Helper()
		r.plan.Variants[0].Server.Plant = plant
		all := []exact.Counts{{Cell: r.plan.Cells[0].Name, Variant: "std"}}
		c := count{Run: r}
		if err := c.countSyscalls(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		if len(c.gaps) > 0 {
			t.Skip("counting system calls takes eBPF, as root: ", c.gaps[0].Reason)
		}
		return all[0].Syscalls
	}
	clean, planted := count1(nil), count1(&server.Plant{Component: "syscall", Count: 3})
	if clean["accept4"] != 1 || clean["close"] != 1 || clean["read"] < 2 || clean["write"] < 2 {
		t.Errorf("got %v", clean)
	}
	if got := planted["read"] - clean["read"]; got < 2.95 || got > 3.05 {
		t.Errorf("3 planted reads are seen as %.2f", got)
	}
}

func TestCountSyscallsLeftOut(t *testing.T) {
	c := count{Run: &Run{lab: &Lab{Without: map[string]bool{"ebpf": true}}}}
	if err := c.countSyscalls(t.Context(), make([]exact.Counts, 1)); err != nil || len(c.gaps) != 1 || c.gaps[0].Hint == "" {
		t.Errorf("got %v, gaps %+v", err, c.gaps)
	}
}
